"""Backups: all that the warehouse folder holds but the keys, as one file, read again before it counts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from upswing.privacy import erasures
from upswing.quality import audit
from upswing.quality.backup_archive import Manifest, known_manifest, manifest_beside
from upswing.quality.backup_crypto import Encryption, encryption_to
from upswing.quality.backup_sources import BY_SQLITE, DUCKDB_FILES, LEDGER_FILE, opened, write_backup
from upswing.quality.backup_swap import ASIDE, discard_replaced, finish
from upswing.quality.backup_unpack import full_disk_explained, read_archive, sha256
from upswing.quality.warehouse_lock import locked
from upswing.user_errors import UserError

BEGINS, ENDS, ENCRYPTED = "upswing-", ".tar.zst", ".age"
ENCRYPTED_EARLIER = ".enc"


@dataclass(frozen=True)
class BackedUp:
    """A backup that was made.

    Attributes:
        archive: its file.
        bytes: its size.
        encryption: whom it is encrypted to; None where it is not.
        manifest: what is in it.
        removed: older ones that were removed.
    """

    archive: Path
    bytes: int
    encryption: Encryption | None
    manifest: Manifest
    removed: list[Path]


def back_up(
    warehouse: Path, folder: Path, pushes: Path, *, keep: int, encrypt: bool = True, recipients: Sequence[str] = ()
) -> BackedUp:
    """Write a backup, read it again, and remove the oldest ones.

    No build can begin while the files are read. What dies before the end leaves an unfinished file, which the next
    backup removes, and no backup.

    Args:
        warehouse: the folder of the warehouse.
        folder: of the backups; made where it is not there.
        pushes: folder of ``upswing push``, whose ledger goes along where there is one.
        keep: how many backups stay, the new one included; at least 1.
        encrypt: whether it is encrypted.
        recipients: public keys whose owners alone can open it; without any it is the backup key that opens it, which
            is made on first use.

    Raises:
        UserError: there is nothing to back up, a build runs, another backup runs, the disk is full, or what was
            written does not read as it was meant.
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
        encryption = encryption_to(recipients) if encrypt else None
        name = f"{BEGINS}{datetime.now(UTC):%Y%m%d-%H%M%S-%f}{ENDS}{ENCRYPTED if encrypt else ''}"
        with full_disk_explained(folder, "no backup was made. Make room, --keep fewer, or name another --folder."):
            manifest, digest = _write(folder / name, warehouse, pushes, encryption)
        _remember_erasures(warehouse, folder)
        removed = _removed(folder, keep)
        discard_replaced(warehouse)
        done = BackedUp(folder / name, (folder / name).stat().st_size, encryption, manifest, removed)
        told = {"file": name, "bytes": done.bytes, "sha256": digest, "is_encrypted": encrypt, "keys": manifest.keys}
        audit.append(warehouse, "backup", told | {"removed": [path.name for path in removed]})
    return done


def backups(folder: Path) -> list[Path]:
    """The backups of a folder, the oldest first."""
    ends = tuple(ENDS + kind for kind in ("", ENCRYPTED, ENCRYPTED_EARLIER))
    return sorted(path for path in folder.glob(f"{BEGINS}*") if path.name.endswith(ends))


def known_anchors(folder: Path) -> list[audit.Anchor]:
    """The hashes of the audit that the backups of a folder know of, by the manifests beside them."""
    anchors = []
    for archive in backups(folder):
        manifest = known_manifest(archive)
        if manifest is not None and manifest.audit:
            anchors.append(audit.Anchor(str(archive), manifest.audit[0], manifest.audit[1], manifest.created_at))
    return anchors


def _write(archive: Path, warehouse: Path, pushes: Path, encryption: Encryption | None) -> tuple[Manifest, str]:
    """Write a backup and read it again; what fails before its end leaves none of its files.

    Returns:
        What is in it, and the SHA-256 of the file.
    """
    unfinished, sums = archive.with_name(f".{archive.name}"), archive.with_name(f"{archive.name}.sha256")
    try:
        with opened(unfinished) as target:
            manifest = write_backup(warehouse, archive.parent, pushes, target, encryption)
            target.flush()
            os.fsync(target.fileno())
        if read_archive(unfinished, key=encryption.reader if encryption else None) != manifest:
            raise UserError(f"{unfinished} does not read as it was written; is the disk sound?")
        digest = sha256(unfinished)
        with opened(manifest_beside(archive)) as beside:
            beside.write(manifest.text().encode())
        with opened(sums) as beside:
            beside.write(f"{digest}  {archive.name}\n".encode())
        unfinished.replace(archive)
    except BaseException:
        for path in (unfinished, manifest_beside(archive), sums):
            path.unlink(missing_ok=True)
        raise
    return manifest, digest


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
