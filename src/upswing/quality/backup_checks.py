"""What must hold of a backup that was laid out, before it may take the place of a warehouse."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import duckdb

from upswing.privacy.keys import Secret
from upswing.quality import audit
from upswing.quality.audit_checksums import engine_version
from upswing.quality.backup_archive import Manifest
from upswing.quality.backup_sources import BY_SQLITE, DUCKDB_FILES, standing_key_id, table_checksums
from upswing.quality.backup_unpack import sha256
from upswing.user_errors import UserError


def check_tables(manifest: Manifest, aside: Path, archive: Path) -> None:
    """Every row of every table; by another version of the engine, whose hash may be another, how many there are."""
    with duckdb.connect() as connection:
        compared = slice(0, 2) if engine_version(connection) == manifest.engine else slice(0, 1)
    for name in DUCKDB_FILES:
        expected = manifest.tables.get(name, {})
        found = table_checksums(aside / name) if (aside / name).exists() else {}
        for table in sorted(expected.keys() | found.keys()):
            if expected.get(table, [])[compared] != found.get(table, [])[compared]:
                raise UserError(
                    f"{archive}: {table} of {name} holds {found.get(table, 'nothing')}, but the manifest says "
                    f"{expected.get(table, 'nothing')} (rows, checksum). Nothing was changed; take another backup."
                )
    for name in BY_SQLITE:
        if (aside / name).exists():
            with closing(sqlite3.connect(aside / name)) as connection:
                (state,) = connection.execute("pragma integrity_check").fetchone()
            if state != "ok":
                raise UserError(f"{archive}: {name} is damaged ({state}). Nothing was changed; take another backup.")


def check_recorded(archive: Path, warehouse: Path) -> None:
    """Check that a backup is the file that the audit of the warehouse recorded, where it recorded one of that name.

    Age does not say who wrote a file: whoever knows the public key can write another that opens.

    Raises:
        UserError: it is another file.
    """
    recorded = None
    with suppress(UserError):  # An audit that cannot be read is moved aside later, by continues().
        for entry in audit.entries(warehouse, "backup"):
            if entry.content().get("file") == archive.name:
                recorded = entry.content().get("sha256")
    if recorded is not None and (found := sha256(archive)) != recorded:
        raise UserError(
            f"{archive} is not the file that was written: its SHA-256 is {found[:16]}…, but the audit recorded "
            f"{recorded[:16]}…. It is damaged, or somebody changed it. Nothing was changed; take another backup."
        )


def check_key(secret: Secret, manifest: Manifest, archive: Path) -> None:
    """The key that a backup needs must be the one that stands."""
    needed, standing = manifest.keys.get(secret.name), standing_key_id(secret)
    if needed is not None and needed != standing:
        raise UserError(
            f"{archive} was made with the {secret.name} key {needed}, but "
            + (f"the one given is {standing}" if standing else f"there is none: {secret.file} does not exist")
            + f". Put that key back (file or {secret.variable}); no backup holds it. If it is lost for good, "
            "--without-vault restores the rest: customers get new pseudonyms by the next `dbt build`."
        )


def continues(warehouse: Path, manifest: Manifest, archive: Path) -> bool:
    """Whether the audit that stands goes on where the backup's ends; one that cannot be read is moved aside."""
    file = audit.audit_file(warehouse)
    if not file.exists() or manifest.audit is None:
        return file.exists()
    number, expected = manifest.audit
    try:
        with closing(sqlite3.connect(file)) as connection:
            row = connection.execute("select entry_hash from entries where entry = ?", (number,)).fetchone()
    except sqlite3.DatabaseError:
        file.replace(file.with_name(f"{file.name}.damaged"))
        return False
    if row != (expected,):
        raise UserError(
            f"{archive} is not of this warehouse: its audit ends with entry {number} ({expected[:16]}…), which {file} "
            "does not have. Either it is another warehouse's, or the audit was changed (`upswing audit verify`). "
            "Restore it into an empty folder: UPSWING_WAREHOUSE=folder upswing restore …"
        )
    return True
