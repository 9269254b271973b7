"""Restoring: a backup takes the place of the warehouse, whole, after every byte and every row of it was checked.

Everything is laid out in ``.restore`` inside the warehouse folder first, so that who is killed there has changed
nothing. The audit is never taken back: where one stands that goes on where the backup's ends, it stays.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from upswing.nearest import near_path
from upswing.privacy import erasures
from upswing.privacy.erasures_forget import replay
from upswing.privacy.keys import PSEUDONYM_SECRET, VAULT_SECRET, private_folder
from upswing.quality import audit
from upswing.quality.audit_publish import published_marts
from upswing.quality.backup import backups, nowhere
from upswing.quality.backup_archive import Manifest, read_archive
from upswing.quality.backup_checks import check_key, check_tables, continues
from upswing.quality.backup_sources import (
    LEDGER_FILE,
    VAULT_FILE,
    opened,
    standing_key_id,
)
from upswing.quality.backup_swap import ASIDE, FILES, PLAN, alone, bring_ledger_back, finish, swap
from upswing.user_errors import UserError


@dataclass(frozen=True)
class Restored:
    """A backup that was brought back.

    Attributes:
        manifest: of the backup.
        tables: how many tables were compared row for row.
        rows: how many rows they hold.
        erased: customers who were erased after the backup was made, and were taken out of it again.
        has_other_pseudonyms: whether its tables name customers by pseudonyms that were changed since; the vault was
            carried over, and the next build parses all anew.
        kept: files that stay as they are, and why.
    """

    manifest: Manifest
    tables: int
    rows: int
    erased: list[str]
    has_other_pseudonyms: bool = False
    kept: dict[str, str] = field(default_factory=dict)


def restore(archive: Path, warehouse: Path, pushes: Path, *, without_vault: bool = False) -> Restored:
    """Put a backup in the place of the warehouse.

    Args:
        archive: the backup.
        warehouse: the folder of the warehouse; made where it is not there.
        pushes: folder of ``upswing push``; its ledger is brought back only where none stands, for an older one would
            send again what was sent since.
        without_vault: leave the vault out, and do without its keys: for those who lost them.

    Raises:
        UserError: the backup is damaged, its key or the keys of its pseudonyms are missing, it is of another
            warehouse, or a build runs.
    """
    check_there(archive)
    private_folder(warehouse)
    aside = warehouse / ASIDE
    with alone(warehouse):
        finish(warehouse)
        private_folder(aside)
        try:
            manifest = read_archive(archive, lambda name: _laid_out(aside, name))
            check_tables(manifest, aside, archive)
            kept = _kept(manifest, archive, aside, warehouse, without_vault)
            erased = _erase_again(manifest, aside, warehouse, archive.parent)
            told = {"file": archive.name, "created_at": manifest.created_at, "kept": kept, "erased_again": len(erased)}
            told |= published_marts(aside)
            bring_ledger_back(aside, pushes, kept)
            swap(warehouse, kept)
        finally:
            if not (aside / PLAN).exists():
                shutil.rmtree(aside, ignore_errors=True)
        audit.append(warehouse, "restore", told)
    counted = [rows for tables in manifest.tables.values() for rows, _ in tables.values()]
    return Restored(manifest, len(counted), sum(counted), erased, _has_other_pseudonyms(manifest), kept)


def _has_other_pseudonyms(manifest: Manifest) -> bool:
    return manifest.keys.get(PSEUDONYM_SECRET.name) not in (None, standing_key_id(PSEUDONYM_SECRET))


def check_there(archive: Path) -> None:
    """Check that a backup exists.

    Raises:
        UserError: it does not; the message names the nearest, or the newest beside it.
    """
    if archive.is_file():
        return
    near = near_path(archive)
    beside = backups(archive if archive.is_dir() else archive.parent)
    newest = f"; the newest there is {beside[-1]}" if beside else ""
    what = f"{archive} is a folder, and a backup is a file" if archive.is_dir() else f"there is no backup {archive}"
    raise UserError(what + (near or newest or "; `upswing backup` makes one"))


def check(archive: Path) -> Manifest:
    """Read a backup to its end and check every byte of it, changing nothing.

    Raises:
        UserError: it is damaged, or its key is missing or another.
    """
    check_there(archive)
    return read_archive(archive, lambda _: nowhere())


def _laid_out(aside: Path, name: str) -> IO[bytes]:
    if name not in (*FILES, LEDGER_FILE):
        raise UserError(f"the backup holds {name!r}, which is no file of a warehouse: it is not one of Upswing's")
    return opened(aside / name)


def _kept(manifest: Manifest, archive: Path, aside: Path, warehouse: Path, without_vault: bool) -> dict[str, str]:
    """Files of the warehouse that stay, and why; what would have taken their place is not laid out any more."""
    kept = {}
    if without_vault:
        kept[VAULT_FILE] = "asked for"
    else:
        has_vault = (aside / VAULT_FILE).exists()
        opens = has_vault and standing_key_id(VAULT_SECRET) == manifest.keys.get(VAULT_SECRET.name)
        if _has_other_pseudonyms(manifest) and not opens:
            check_key(PSEUDONYM_SECRET, manifest, archive)
        if has_vault and not opens:
            if not (warehouse / VAULT_FILE).exists():
                check_key(VAULT_SECRET, manifest, archive)
            kept[VAULT_FILE] = "it was sealed with a new key since"
    if continues(warehouse, manifest, archive):
        kept[audit.AUDIT_FILE] = "it goes on where the backup's ends"
    for name in kept:
        (aside / name).unlink(missing_ok=True)
    return kept


def _erase_again(manifest: Manifest, aside: Path, warehouse: Path, folder: Path) -> list[str]:
    """Take out whom the warehouse or the folder of the backups knows to be erased, and the backup did not."""
    before = erasures.read(aside)
    known = erasures.read(folder) | erasures.read(warehouse) | before
    erased = sorted(known.keys() - before.keys())
    if known:
        erasures.write(aside, known)
    if erased or _has_other_pseudonyms(manifest):
        # The audit that goes on must know what is unsealed: the one that stands, else the one that is brought back.
        replay(aside, warehouse if audit.audit_file(warehouse).exists() else aside)
    return erased
