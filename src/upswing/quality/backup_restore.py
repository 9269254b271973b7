"""Restoring: a backup takes the place of the warehouse, whole, after every byte and every row of it was checked.

Everything is laid out in ``.restore`` inside the warehouse folder first, so that who is killed there has changed
nothing. The audit is never taken back: where one stands that goes on where the backup's ends, it stays.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upswing.nearest import near_path
from upswing.privacy import erasures
from upswing.privacy.erasures_forget import replay
from upswing.privacy.keys import AUDIT_SECRET, PSEUDONYM_SECRET, VAULT_SECRET, private_folder
from upswing.quality import audit
from upswing.quality.audit_publish import published_marts
from upswing.quality.backup import backups
from upswing.quality.backup_archive import Manifest
from upswing.quality.backup_checks import check_key, check_recorded, check_tables, continues
from upswing.quality.backup_sources import LEDGER_FILE, LOG_FILE, VAULT_FILE, standing_key_id
from upswing.quality.backup_swap import ASIDE, PLAN, bring_ledger_back, finish, swap
from upswing.quality.backup_unpack import check_room, full_disk_explained, read_archive
from upswing.quality.warehouse_lock import locked
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
            warehouse, the disk has no room for it, or a build runs.
    """
    check_there(archive)
    aside = warehouse / ASIDE
    with locked(warehouse, "restore"):
        finish(warehouse)
        private_folder(aside)
        try:
            with full_disk_explained(warehouse, "nothing was restored or changed. Make room, and restore it again."):
                check_room(archive, aside)
                check_recorded(archive, warehouse)
                manifest = read_archive(archive, aside)
                check_tables(manifest, aside, archive)
                kept = _kept(manifest, archive, aside, warehouse, without_vault)
                # DuckDB plays its log into the warehouse file, and the ledger has a folder of its own.
                required = {*manifest.files} - {*kept} - {LOG_FILE, LEDGER_FILE}
                has_vault = (aside / VAULT_FILE).exists()
                erased = _erase_again(manifest, aside, warehouse, archive.parent)
                if has_vault and not (aside / VAULT_FILE).exists():
                    required.discard(VAULT_FILE)  # Another key sealed it: the next build seals a new one.
                told: dict[str, Any] = {"file": archive.name, "created_at": manifest.created_at, "kept": kept}
                told |= {"erased_again": len(erased)} | published_marts(aside)
                audit.check_ready(warehouse)
                entry = None
                if not audit.audit_file(warehouse).exists():
                    # It takes its place with the restore as its newest entry, or not at all.
                    came_back = manifest.audit if audit.audit_file(aside).exists() else None
                    told[audit.TAKEN_BACK_TO] = came_back[0] if came_back else 0
                    entry = audit.append_aside(aside, warehouse, "restore", told)
                bring_ledger_back(aside, pushes, kept)
            swap(warehouse, required, kept)
        finally:
            if not (aside / PLAN).exists():
                shutil.rmtree(aside, ignore_errors=True)
        if entry is None:
            audit.append(warehouse, "restore", told)
        else:
            audit.announce(warehouse, entry)
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
    return read_archive(archive)


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
    elif without_vault and manifest.keys.get(AUDIT_SECRET.name) not in (None, standing_key_id(AUDIT_SECRET)):
        kept[audit.AUDIT_FILE] = "the key of the backup's is lost; a new one begins"
    else:
        check_key(AUDIT_SECRET, manifest, archive)
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
