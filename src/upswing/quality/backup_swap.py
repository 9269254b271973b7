"""The moment at which a backup takes the place of the warehouse, and what is left of one that was killed in it.

Nothing is deleted: what was there before is renamed into :data:`REPLACED`, where it stays until the next backup,
restore or erasure. All of it happens under the lock of the warehouse (:mod:`upswing.quality.warehouse_lock`).
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from upswing.privacy.keys import private_folder, write_private
from upswing.quality.backup_sources import AS_THEY_STAND, BY_SQLITE, LEDGER_FILE, LOG_FILE, WAREHOUSE_FILE, opened
from upswing.user_errors import UserError

ASIDE = ".restore"
PLAN = "plan.json"
REPLACED = ".replaced"
FILES = (*AS_THEY_STAND, *BY_SQLITE)
LEFT_OVER = {WAREHOUSE_FILE: [LOG_FILE]} | {
    name: [f"{name}-journal", f"{name}-wal", f"{name}-shm"] for name in BY_SQLITE
}


def swap(warehouse: Path, required: Collection[str], kept: Collection[str]) -> None:
    """Put the files that are laid out in :data:`ASIDE` in the place of the warehouse's.

    The plan that is written first is the point of no return: what is killed after it is done by :func:`finish`.

    Args:
        warehouse: the folder of the warehouse.
        required: files of the backup that must be laid out.
        kept: files that stay as they are.

    Raises:
        UserError: a build has the warehouse file open, or a reader, or a file is not laid out; nothing was changed.
    """
    aside = warehouse / ASIDE
    with nobody_reads_or_builds(warehouse / WAREHOUSE_FILE):
        missing = sorted(name for name in required if not (aside / name).exists())
        if missing:
            raise UserError(
                f"{', '.join(missing)} is gone from {aside}, where the backup was laid out. Nothing was changed; "
                "restore it again."
            )
        put = [name for name in FILES if (aside / name).exists()]
        shutil.rmtree(warehouse / REPLACED, ignore_errors=True)
        write_private(aside / PLAN, json.dumps({"put": put, "remove": sorted({*FILES} - {*put} - {*kept})}))
        finish(warehouse)


def finish(warehouse: Path) -> bool:
    """Finish a restore that was killed in the middle of its swap, or clear away one that had not come so far.

    Returns:
        Whether there was one to finish.

    Raises:
        UserError: a file that was laid out is gone; nothing of the old warehouse is lost, it is in :data:`REPLACED`.
    """
    aside, replaced = warehouse / ASIDE, warehouse / REPLACED
    if not (aside / PLAN).exists():
        shutil.rmtree(aside, ignore_errors=True)
        return False
    plan = json.loads((aside / PLAN).read_text(encoding="utf-8"))
    lost = [name for name in plan["put"] if not (aside / name).exists() and not (warehouse / name).exists()]
    if lost:
        raise UserError(
            f"a restore into {warehouse} was cut short, and {', '.join(lost)} is gone since. What was there before is "
            f"in {replaced}: move it back, remove {aside}, and restore again."
        )
    private_folder(replaced)
    for name in plan["put"]:
        if (aside / name).exists():
            # What a killed process left beside the old file goes before the new one comes, or it would be played into
            # that.
            for old in (*LEFT_OVER.get(name, ()), name):
                _set_aside(warehouse / old, replaced)
            (aside / name).replace(warehouse / name)
    for name in plan["remove"]:
        _set_aside(warehouse / name, replaced)
    _sync(warehouse)
    shutil.rmtree(aside)
    return True


def discard_replaced(warehouse: Path) -> None:
    """Remove what the last restore replaced."""
    shutil.rmtree(warehouse / REPLACED, ignore_errors=True)


def bring_ledger_back(aside: Path, pushes: Path, kept: dict[str, str]) -> None:
    """Bring the ledger of the pushes back where there is none; an older one would send again what was sent since."""
    if not (aside / LEDGER_FILE).exists():
        return
    if (pushes / LEDGER_FILE).exists():
        kept[LEDGER_FILE] = "it knows what was sent since"
        return
    private_folder(pushes)
    unfinished = pushes / f".{LEDGER_FILE}.unfinished"
    try:
        with opened(unfinished) as target, (aside / LEDGER_FILE).open("rb") as content:
            shutil.copyfileobj(content, target)
        unfinished.replace(pushes / LEDGER_FILE)
    finally:
        unfinished.unlink(missing_ok=True)


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


def _set_aside(file: Path, replaced: Path) -> None:
    if file.exists():
        file.replace(replaced / file.name)


def _sync(folder: Path) -> None:
    """Bring the names of a folder to the disk before what they replaced may go."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
