"""Backups: all that the warehouse folder holds but the keys, as one file, read again before it counts."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from upswing.privacy import erasures
from upswing.quality import audit
from upswing.quality.backup_archive import BLOCK_BYTES, Manifest, read_archive, read_manifest
from upswing.quality.backup_crypto import backup_key
from upswing.quality.backup_sources import BY_SQLITE, DUCKDB_FILES, LEDGER_FILE, opened, write_backup
from upswing.quality.backup_swap import ASIDE, discard_replaced, finish
from upswing.quality.warehouse_lock import locked
from upswing.user_errors import UserError

BEGINS, ENDS, ENCRYPTED = "upswing-", ".tar.zst", ".enc"


@dataclass(frozen=True)
class BackedUp:
    """A backup that was made.

    Attributes:
        archive: its file.
        bytes: its size.
        is_encrypted: whether it is.
        manifest: what is in it.
        removed: older ones that were removed.
    """

    archive: Path
    bytes: int
    is_encrypted: bool
    manifest: Manifest
    removed: list[Path]


def back_up(warehouse: Path, folder: Path, pushes: Path, *, encrypt: bool, keep: int) -> BackedUp:
    """Write a backup, read it again, and remove the oldest ones.

    No build can begin while the files are read. What dies before the end leaves an unfinished file, which the next
    backup removes, and no backup.

    Args:
        warehouse: the folder of the warehouse.
        folder: of the backups; made where it is not there.
        pushes: folder of ``upswing push``, whose ledger goes along where there is one.
        encrypt: whether with the backup key, which is made on first use.
        keep: how many backups stay, the new one included; at least 1.

    Raises:
        UserError: there is nothing to back up, a build runs, another backup runs, or what was written does not read
            as it was meant.
    """
    if not any((warehouse / name).exists() for name in (*DUCKDB_FILES, ASIDE)):
        raise UserError(
            f"there is no warehouse in {warehouse}; run `make build`, or point UPSWING_WAREHOUSE to its folder"
        )
    with locked(warehouse, "backup"), locked(folder, "backup"):
        finish(warehouse)
        audit.check_ready(warehouse)
        for begins in (BEGINS, *BY_SQLITE, LEDGER_FILE):
            for left_over in folder.glob(f".{begins}*"):
                left_over.unlink()
        key = backup_key(may_make=True) if encrypt else None
        name = f"{BEGINS}{datetime.now(UTC):%Y%m%d-%H%M%S-%f}{ENDS}{ENCRYPTED if encrypt else ''}"
        unfinished = folder / f".{name}"
        try:
            with opened(unfinished) as target:
                manifest = write_backup(warehouse, folder, pushes, target, key)
                target.flush()
                os.fsync(target.fileno())
            if read_archive(unfinished, lambda _: nowhere()) != manifest:
                raise UserError(f"{unfinished} does not read as it was written; is the disk sound?")
            archive = _finished(unfinished, folder / name, manifest)
        finally:
            unfinished.unlink(missing_ok=True)
        _remember_erasures(warehouse, folder)
        removed = _removed(folder, keep)
        discard_replaced(warehouse)
        done = BackedUp(archive, archive.stat().st_size, encrypt, manifest, removed)
        told = {"file": archive.name, "bytes": done.bytes, "is_encrypted": encrypt, "keys": manifest.keys}
        audit.append(warehouse, "backup", told | {"removed": [path.name for path in removed]})
    return done


def backups(folder: Path) -> list[Path]:
    """The backups of a folder, the oldest first."""
    return sorted(path for path in folder.glob(f"{BEGINS}*") if path.name.endswith((ENDS, ENDS + ENCRYPTED)))


def known_anchors(folder: Path) -> list[audit.Anchor]:
    """The hashes of the audit that the backups of a folder know of, by the manifests beside them."""
    anchors = []
    for archive in backups(folder):
        beside = manifest_beside(archive)
        if not beside.exists():
            continue
        manifest = read_manifest(beside.read_bytes(), str(beside))
        if manifest.audit:
            anchors.append(audit.Anchor(str(archive), manifest.audit[0], manifest.audit[1], manifest.created_at))
    return anchors


def nowhere() -> IO[bytes]:
    """A file that keeps nothing of what is written to it."""
    return Path(os.devnull).open("wb")


def manifest_beside(archive: Path) -> Path:
    """The copy of a backup's manifest that can be read without its key."""
    return archive.with_name(f"{archive.name}.json")


def _finished(unfinished: Path, archive: Path, manifest: Manifest) -> Path:
    digest = hashlib.sha256()
    with unfinished.open("rb") as content:
        while block := content.read(BLOCK_BYTES):
            digest.update(block)
    with opened(manifest_beside(archive)) as beside:
        beside.write(manifest.text().encode())
    sums = archive.with_name(f"{archive.name}.sha256")
    with opened(sums) as beside:
        beside.write(f"{digest.hexdigest()}  {archive.name}\n".encode())
    unfinished.replace(archive)
    return archive


def _remember_erasures(warehouse: Path, folder: Path) -> None:
    """Beside the backups, the list of erased customers outlives the warehouse."""
    known = erasures.read(folder) | erasures.read(warehouse)
    if known != erasures.read(folder):
        erasures.write(folder, known)


def _removed(folder: Path, keep: int) -> list[Path]:
    removed = backups(folder)[:-keep]
    for archive in removed:
        archive.unlink()
    kept = {archive.name for archive in backups(folder)}
    for beside in (*folder.glob(f"{BEGINS}*.json"), *folder.glob(f"{BEGINS}*.sha256")):
        if beside.name.rpartition(".")[0] not in kept:
            beside.unlink()
    return removed
