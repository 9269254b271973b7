"""The moment at which a backup takes the place of the warehouse, and what is left of one that was killed in it."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from upswing.privacy.keys import private_folder, write_private
from upswing.quality.backup_sources import AS_THEY_STAND, BY_SQLITE, LEDGER_FILE, LOG_FILE, WAREHOUSE_FILE, opened
from upswing.user_errors import UserError

ASIDE = ".restore"
PLAN = "plan.json"
FILES = (*AS_THEY_STAND, *BY_SQLITE)
LEFT_OVER = {WAREHOUSE_FILE: [LOG_FILE]} | {
    name: [f"{name}-journal", f"{name}-wal", f"{name}-shm"] for name in BY_SQLITE
}


def swap(warehouse: Path, kept: Collection[str]) -> None:
    """Put the files that are laid out in :data:`ASIDE` in the place of those that stand.

    The plan that is written first is the point of no return: what is killed after it is done by :func:`finish`.

    Args:
        warehouse: the folder of the warehouse.
        kept: files that stay as they are.

    Raises:
        UserError: a build has the warehouse file open, or a reader; nothing was changed.
    """
    aside = warehouse / ASIDE
    with nobody_reads_or_builds(warehouse / WAREHOUSE_FILE):
        put = [name for name in FILES if (aside / name).exists()]
        write_private(aside / PLAN, json.dumps({"put": put, "remove": sorted({*FILES} - {*put} - {*kept})}))
        finish(warehouse)


def finish(warehouse: Path) -> bool:
    """Finish a restore that was killed in the middle of its swap, or clear away one that had not come so far.

    Returns:
        Whether there was one to finish.
    """
    aside = warehouse / ASIDE
    if not (aside / PLAN).exists():
        shutil.rmtree(aside, ignore_errors=True)
        return False
    plan = json.loads((aside / PLAN).read_text(encoding="utf-8"))
    for name in plan["put"]:
        if (aside / name).exists():
            # What a killed process left beside the old file is gone before the new one is there, or it would be played
            # into that.
            for left_over in LEFT_OVER.get(name, ()):
                (warehouse / left_over).unlink(missing_ok=True)
            (aside / name).replace(warehouse / name)
    for name in plan["remove"]:
        (warehouse / name).unlink(missing_ok=True)
    shutil.rmtree(aside)
    return True


def heal(warehouse: Path) -> None:
    """Finish a restore that was killed in its swap, before anything else opens the warehouse; else one look at a file.

    Raises:
        UserError: a restore is at work right now.
    """
    if (warehouse / ASIDE / PLAN).exists():
        with alone(warehouse):
            finish(warehouse)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep a second backup or restore out while one works on a folder; a process that is killed lets go of it."""
    with opened(folder / ".lock") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"another backup or restore is at work in {folder}; wait until it is done") from None
        yield


def bring_ledger_back(aside: Path, pushes: Path, kept: dict[str, str]) -> None:
    """Bring the ledger of the pushes back where none stands; an older one would send again what was sent since."""
    if not (aside / LEDGER_FILE).exists():
        return
    if (pushes / LEDGER_FILE).exists():
        kept[LEDGER_FILE] = "it knows what was sent since"
        return
    private_folder(pushes)
    with opened(pushes / LEDGER_FILE) as target, (aside / LEDGER_FILE).open("rb") as content:
        shutil.copyfileobj(content, target)


@contextmanager
def nobody_reads_or_builds(file: Path) -> Iterator[None]:
    """Hold the lock that DuckDB itself takes on a file, so that no build has it open."""
    if not file.exists():
        yield
        return
    with file.open("r+b") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            busy = f"{file} is open: a build runs, or somebody reads it. Nothing was changed; try again later."
            raise UserError(busy) from None
        yield
