"""The audit: what was done to the warehouse, by whom, when, in a chain of hashes that only ever grows.

``audit.sqlite`` beside the warehouse holds a row an entry. Each entry's hash covers its content and the hash of the
entry before it, so that an entry that is changed, taken out or put in breaks the chain. Triggers refuse what is not an
insert. Neither keeps out who may write the file and recomputes all: for that the newest hash is also kept in the
published marts and in every backup (:mod:`upswing.quality.audit_anchors`).

Details never name a person: entries cannot be taken back, and an erased customer must be gone from here too.
"""

from __future__ import annotations

import getpass
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from upswing.quality.audit_chain import Anchor, Break, Entry, broken, canonical, chained
from upswing.user_errors import UserError

__all__ = ["Anchor", "Break", "Entry", "append", "audit_file", "canonical", "entries", "head", "verify"]

AUDIT_FILE = "audit.sqlite"
BUSY_SECONDS = 30.0

TABLES = """
    begin immediate;
    create table if not exists entries (
        entry integer primary key check (entry > 0),
        recorded_at text not null,
        kind text not null,
        actor text not null,
        details text not null,
        previous_hash text not null unique,
        entry_hash text not null unique
    );
    create index if not exists entries_by_kind on entries (kind, entry);
    create trigger if not exists entries_are_not_updated before update on entries
        begin select raise(abort, 'the audit is append-only'); end;
    create trigger if not exists entries_are_not_deleted before delete on entries
        begin select raise(abort, 'the audit is append-only'); end;
    commit;
"""
TRIGGERS = frozenset({"entries_are_not_updated", "entries_are_not_deleted"})
COLUMNS = "entry, recorded_at, kind, actor, details, previous_hash, entry_hash"


def actor() -> str:
    """Who acts: ``UPSWING_USER``, else the user of the operating system."""
    named = os.environ.get("UPSWING_USER", "").strip()
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return f"uid {os.getuid()}"


def append(warehouse: Path, kind: str, details: dict[str, Any]) -> Entry:
    """Add an entry to the audit of a warehouse; it is on the disk when this returns.

    Args:
        warehouse: the folder of the warehouse; made where it is not there.
        kind: of what was done, a word like ``backup``.
        details: what JSON can hold; days, times and paths are written as text. No person's name, address or id.

    Raises:
        UserError: the file cannot be read or written.
    """
    _make(warehouse)
    with _told(warehouse), closing(_connect(warehouse)) as connection, connection:
        connection.execute("begin immediate")
        head = _head(connection)
        entry = chained(head, kind, actor(), canonical(details))
        connection.execute(
            f"insert into entries ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)",
            (
                entry.entry,
                entry.recorded_at,
                entry.kind,
                entry.actor,
                entry.details,
                entry.previous_hash,
                entry.entry_hash,
            ),
        )
    return entry


def entries(warehouse: Path, kind: str | None = None, last: int | None = None) -> list[Entry]:
    """Entries of a warehouse's audit in their order; all, those of a kind, the newest so many; none without a file."""
    if not audit_file(warehouse).exists():
        return []
    of_kind = "where kind = :kind" if kind is not None else ""
    newest = f"select {COLUMNS} from entries {of_kind} order by entry desc limit :last"
    with _told(warehouse), closing(_connect(warehouse)) as connection:
        found = connection.execute(newest, {"kind": kind, "last": -1 if last is None else last}).fetchall()
    return [Entry(*row) for row in reversed(found)]


def head(warehouse: Path) -> Entry | None:
    """The newest entry; None where there is none."""
    return next(iter(entries(warehouse, last=1)), None)


def verify(warehouse: Path, anchors: Iterable[Anchor] = ()) -> list[Break]:
    """Read the whole chain and say where it does not hold.

    Args:
        warehouse: the folder of the warehouse.
        anchors: hashes that are kept elsewhere. Without them an end that was cut off, and a chain that was written
            anew from some entry on, look like a whole one.

    Returns:
        The breaks by entry; none where every entry is what it was and follows the one before it. Of an entry only
        what is found first is told; the chain is followed on from what the entry says of itself.
    """
    anchors = list(anchors)
    if not audit_file(warehouse).exists():
        return [
            Break(anchor.entry, f"{AUDIT_FILE} is gone; {anchor.place} knows of entry {anchor.entry}")
            for anchor in anchors
        ][-1:]
    breaks: list[Break] = []
    try:
        with closing(_connect(warehouse)) as connection:
            rows = connection.execute("select name from sqlite_master where type = 'trigger'")
            missing = TRIGGERS - {name for (name,) in rows}
            if missing:
                breaks.append(
                    Break(0, f"the trigger that keeps entries as they are is gone: {', '.join(sorted(missing))}")
                )
            chain = (Entry(*row) for row in connection.execute(f"select {COLUMNS} from entries order by entry"))
            breaks += broken(chain, anchors)
    except sqlite3.DatabaseError as wrong:
        breaks.append(Break(0, f"{audit_file(warehouse)} cannot be read: {wrong}"))
    return sorted(breaks, key=lambda found: found.entry)


def audit_file(warehouse: Path) -> Path:
    """Where the audit of a warehouse is kept."""
    return warehouse / AUDIT_FILE


def _head(connection: sqlite3.Connection) -> Entry | None:
    row = connection.execute(f"select {COLUMNS} from entries order by entry desc limit 1").fetchone()
    return Entry(*row) if row else None


def _make(warehouse: Path) -> None:
    """The file with its tables and nobody's but its owner's, before anything is written to it."""
    file = audit_file(warehouse)
    if file.exists() and file.stat().st_size:
        return
    with _told(warehouse):
        warehouse.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        with closing(_connect(warehouse)) as connection:
            connection.executescript(TABLES)


def _connect(warehouse: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(audit_file(warehouse), timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("pragma synchronous = full")
    return connection


@contextmanager
def _told(warehouse: Path) -> Iterator[None]:
    """Tell what goes wrong with the file in words."""
    file = audit_file(warehouse)
    try:
        yield
    except sqlite3.DatabaseError as wrong:
        if "locked" in str(wrong):
            busy = f"{file} has been written by another process for {BUSY_SECONDS:.0f} s; try again"
            raise UserError(busy) from wrong
        raise UserError(
            f"{file} cannot be used: {wrong}. `upswing audit verify` says what stands; every backup holds a copy of it."
        ) from wrong
    except OSError as wrong:
        raise UserError(f"{file} cannot be written: {wrong}; whoever builds must own the folder") from wrong
