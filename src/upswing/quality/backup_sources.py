"""What a backup reads: the files of a warehouse at one moment, while no build can begin."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from upswing.database_files import open_database
from upswing.privacy import erasures
from upswing.privacy.keys import AUDIT_SECRET, BACKUP_SECRET, PSEUDONYM_SECRET, VAULT_SECRET, Secret, key_id
from upswing.quality import audit
from upswing.quality.audit_checksums import checksums, engine_version
from upswing.quality.audit_runs import code_version
from upswing.quality.backup_archive import BLOCK_BYTES, Manifest, write_archive
from upswing.quality.backup_crypto import Encryption
from upswing.user_errors import UserError

WAREHOUSE_FILE, MARTS_FILE, VAULT_FILE = "upswing.duckdb", "marts.duckdb", "vault.sqlite"
LOG_FILE = f"{WAREHOUSE_FILE}.wal"
"""What a build that was killed had not written into the warehouse file yet; the two are one."""

LEDGER_FILE = "ledger.sqlite"
"""Of the pushes that were exported; it stands in their folder, not in the warehouse."""

AS_THEY_STAND = (WAREHOUSE_FILE, LOG_FILE, MARTS_FILE, erasures.ERASURES_FILE)
BY_SQLITE = (VAULT_FILE, audit.AUDIT_FILE)
DUCKDB_FILES = (WAREHOUSE_FILE, MARTS_FILE)
ARCHIVED = (*AS_THEY_STAND, *BY_SQLITE, LEDGER_FILE)
"""All that a backup may hold, beside its manifest."""


def standing_key_id(secret: Secret) -> str | None:
    """The id of a key that stands, or None; none is made."""
    found = secret.found()
    try:
        return key_id(bytes.fromhex(found[0])) if found else None
    except ValueError:
        return None


def table_checksums(file: Path) -> dict[str, list[Any]]:
    """Rows and checksum of each table of a DuckDB file."""
    with open_database(file) as connection:
        return _checksums(connection)


def write_backup(
    warehouse: Path, folder: Path, pushes: Path, target: IO[bytes], encryption: Encryption | None
) -> Manifest:
    """Write all that a warehouse folder holds but the keys, and the ledger of the pushes, into an archive.

    Args:
        warehouse: the folder of the warehouse.
        folder: where copies of SQLite files may stand meanwhile.
        pushes: folder of ``upswing push``.
        target: an empty file.
        encryption: whom it is encrypted to; None: it is not.

    Raises:
        UserError: a build runs, or a SQLite file cannot be copied.
    """
    with ExitStack() as stack:
        # A lock on the file goes with the first descriptor of it that this process closes: so that all stay open, the
        # connections too, until everything is read.
        connections = {
            name: stack.enter_context(_held(warehouse / name)) for name in _standing(warehouse, DUCKDB_FILES)
        }
        engine = engine_version(next(iter(connections.values())))
        tables = {name: _checksums(connection) for name, connection in connections.items()}
        files: dict[str, IO[bytes]] = {
            name: stack.enter_context((warehouse / name).open("rb", buffering=BLOCK_BYTES))
            for name in _standing(warehouse, AS_THEY_STAND)
        }
        for name in _standing(warehouse, BY_SQLITE):
            files[name] = stack.enter_context(_sqlite_copy(warehouse / name, folder / f".{name}"))
        if (pushes / LEDGER_FILE).exists():
            files[LEDGER_FILE] = stack.enter_context(_sqlite_copy(pushes / LEDGER_FILE, folder / f".{LEDGER_FILE}"))
        head = _head_of(folder / f".{audit.AUDIT_FILE}") if audit.AUDIT_FILE in files else None
        begun = Manifest(
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            actor=audit.actor(),
            code_version=code_version(),
            engine=engine,
            tables=tables,
            audit=head,
            keys={secret.name: standing_key_id(secret) for secret in (PSEUDONYM_SECRET, VAULT_SECRET, AUDIT_SECRET)}
            | ({BACKUP_SECRET.name: ", ".join(encryption.recipients)} if encryption else {}),
        )
        return write_archive(target, files, lambda found: replace(begun, files=found), encryption)


@contextmanager
def _held(file: Path) -> Iterator[Any]:
    """A connection that reads a DuckDB file and keeps those out who would write it."""
    with open_database(file) as connection:
        yield connection


def _checksums(connection: Any) -> dict[str, list[Any]]:
    (database,) = connection.execute("select current_database()").fetchone()
    return {table: list(found) for table, found in checksums(connection, database).items()}


@contextmanager
def _sqlite_copy(file: Path, copy: Path) -> Iterator[IO[bytes]]:
    """A copy of a SQLite file as it is at one moment, though others write it."""
    opened(copy).close()
    try:
        try:
            with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
        except sqlite3.Error as wrong:
            raise UserError(
                f"{file} cannot be copied to {copy.parent}: {wrong}. No backup was made; the file may be damaged, or "
                "the disk full or damaged."
            ) from None
        with copy.open("rb", buffering=BLOCK_BYTES) as content:
            yield content
    finally:
        copy.unlink()
        copy.with_name(f"{copy.name}-journal").unlink(missing_ok=True)


def _head_of(copy: Path) -> list[Any] | None:
    with closing(sqlite3.connect(copy)) as connection:
        row = connection.execute("select entry, entry_hash from entries order by entry desc limit 1").fetchone()
    return list(row) if row else None


def opened(path: Path) -> IO[bytes]:
    """A new file, for its owner's eyes alone from the first byte on."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb")


def _standing(warehouse: Path, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if (warehouse / name).exists()]
