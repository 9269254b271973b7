"""The audit: what was done to the warehouse, by whom, when, in a chain of hashes that only ever grows.

``audit.sqlite`` beside the warehouse holds one row per entry. The hash of an entry covers its content and the hash of
the entry before, and is made with the audit key: an entry that is changed, taken out or put in breaks the chain, and
without the key nobody can repair it. An end that was cut off is found by the hashes that are kept elsewhere: in the
file and the system log of :mod:`upswing.quality.audit_heads`, in the published marts and beside each backup.

Details never name a person: entries cannot be taken back, and an erased customer must be gone from here too.
"""

from __future__ import annotations

import getpass
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any

from upswing.privacy.keys import AUDIT_SECRET, audit_key, decoded
from upswing.quality import audit_heads
from upswing.quality.audit_chain import (
    Anchor,
    Break,
    Entry,
    Signer,
    TakenBack,
    broken,
    canonical,
    chained,
    is_signed,
    put_key_back,
)
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
TAKEN_BACK_TO = "audit_taken_back_to"
"""In the details of a restore that brought the audit back: the last entry that came back."""

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
    """Add an entry to the audit of a warehouse; it is on the disk when this returns, and its hash elsewhere too.

    Args:
        warehouse: the folder of the warehouse; made where it is not there.
        kind: of what was done, a word like ``backup``.
        details: what JSON can hold; days, times and paths are written as text. No person's name, address or id.

    Raises:
        UserError: the file or the one of the hashes cannot be written, or the audit key is gone or another one.
            Nothing was recorded.
    """
    with audit_heads.opened(warehouse) as heads:
        entry, signer = _add(warehouse, warehouse, kind, details)
        heads.add(entry, signer)
    return entry


def check_ready(warehouse: Path) -> None:
    """Check that an entry can be added, before something is done that must be recorded.

    Raises:
        UserError: as :func:`append`; nothing was changed.
    """
    with audit_heads.opened(warehouse):
        pass
    if _has_tables(warehouse):
        with _told(warehouse), closing(_connect(warehouse)) as connection:
            _check_key(connection, warehouse, warehouse)
    elif standing_signer() is None and audit_heads.knows(warehouse):
        audit_key(_lost(warehouse))


def append_aside(folder: Path, warehouse: Path, kind: str, details: dict[str, Any]) -> Entry:
    """Add an entry to an audit that is yet to take its place in a warehouse; :func:`announce` follows when it has."""
    return _add(folder, warehouse, kind, details)[0]


def announce(warehouse: Path, entry: Entry) -> None:
    """Keep the hash of an entry elsewhere that was added by :func:`append_aside`."""
    with audit_heads.opened(warehouse) as heads:
        heads.add(entry, Signer.of(audit_key(_lost(warehouse))))


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


def standing_signer() -> Signer | None:
    """The signer of the audit key; None where there is no key, and none is made.

    Raises:
        UserError: the key is none.
    """
    found = AUDIT_SECRET.found()
    return Signer.of(decoded(*found)) if found else None


def verify(warehouse: Path, anchors: Iterable[Anchor] = ()) -> list[Break]:
    """Read the whole chain and say where it does not hold.

    Args:
        warehouse: the folder of the warehouse.
        anchors: hashes that are kept elsewhere. Without them an end that was cut off, and a chain that was rewritten
            without a key or with the right one, look like a whole one. Those that a restore lost are left out.

    Returns:
        The breaks by entry; none where every entry is what it was and follows the one before it. The chain is followed
        on from what a broken entry says of itself.

    Raises:
        UserError: the audit key is none.
    """
    anchors = list(anchors)
    if not audit_file(warehouse).exists():
        newest = sorted(anchors, key=lambda anchor: anchor.entry)[-1:]
        return [Break(last.entry, f"{AUDIT_FILE} is gone; {last.place} knows of entry {last.entry}") for last in newest]
    signer = standing_signer()
    breaks: list[Break] = []
    try:
        with closing(_connect(warehouse)) as connection:
            connection.execute("begin")  # One moment for all that is read.
            rows = connection.execute("select name from sqlite_master where type = 'trigger'")
            missing = TRIGGERS - {name for (name,) in rows}
            if missing:
                breaks.append(
                    Break(0, f"the trigger that keeps entries as they are is gone: {', '.join(sorted(missing))}")
                )
            restores = _taken_back(connection, signer)
            anchors = [anchor for anchor in anchors if not any(restore.has_lost(anchor) for restore in restores)]
            chain = (Entry(*row) for row in connection.execute(f"select {COLUMNS} from entries order by entry"))
            breaks += broken(chain, anchors, signer)
    except sqlite3.DatabaseError as wrong:
        breaks.append(Break(0, f"{audit_file(warehouse)} cannot be read: {wrong}"))
    return sorted(breaks, key=lambda found: found.entry)


def taken_back(warehouse: Path) -> list[TakenBack]:
    """The restores that brought the audit back from a backup, by the signed entries that record them.

    None where the audit cannot be read: :func:`verify` says so.
    """
    if not audit_file(warehouse).exists():
        return []
    try:
        with closing(_connect(warehouse)) as connection:
            return _taken_back(connection, standing_signer())
    except sqlite3.DatabaseError:
        return []


def audit_file(warehouse: Path) -> Path:
    """Where the audit of a warehouse is kept."""
    return warehouse / AUDIT_FILE


def _add(folder: Path, warehouse: Path, kind: str, details: dict[str, Any]) -> tuple[Entry, Signer]:
    _make(folder)
    with _told(folder), closing(_connect(folder)) as connection, connection:
        connection.execute("begin immediate")
        signer = _check_key(connection, folder, warehouse) or Signer.of(audit_key(None))
        entry = chained(_head(connection), kind, actor(), canonical(details), signer)
        connection.execute(f"insert into entries ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)", astuple(entry))
    return entry, signer


def _check_key(connection: sqlite3.Connection, folder: Path, warehouse: Path) -> Signer | None:
    """The signer of the key that the audit goes on with; None where there is no key, and none was ever used.

    Raises:
        UserError: the key is gone, or it is another than that of the newest entry.
    """
    signer = standing_signer()
    if signer is None:
        signed = connection.execute("select 1 from entries where entry_hash like '%:%' limit 1").fetchone()
        return Signer.of(audit_key(_lost(warehouse))) if signed or audit_heads.knows(warehouse) else None
    head = _head(connection)
    if head is not None and head.key_id not in (None, signer.key_id):
        raise UserError(
            f"{audit_file(folder)} was signed with the audit key {head.key_id}, and the one here is {signer.key_id}: "
            f"{put_key_back()}. {_lost(warehouse)}"
        )
    return signer


def _lost(warehouse: Path) -> str:
    return (
        f"If it is lost for good, move {audit_file(warehouse)} and {audit_heads.heads_file(warehouse)} to another "
        "folder and keep them there: the next command begins a new audit with a new key."
    )


def _taken_back(connection: sqlite3.Connection, signer: Signer | None) -> list[TakenBack]:
    restores = connection.execute(f"select {COLUMNS} from entries where kind = 'restore' order by entry").fetchall()
    # Anybody could have written an entry that is not signed, to explain what was cut off.
    signed = [entry for entry in (Entry(*row) for row in restores) if signer and is_signed(entry, signer)]
    return [
        TakenBack(entry.content()[TAKEN_BACK_TO], entry.recorded_at)
        for entry in signed
        if TAKEN_BACK_TO in entry.content()
    ]


def _head(connection: sqlite3.Connection) -> Entry | None:
    row = connection.execute(f"select {COLUMNS} from entries order by entry desc limit 1").fetchone()
    return Entry(*row) if row else None


def _has_tables(warehouse: Path) -> bool:
    """Whether the file is there; an empty one is what a process left that was killed before it wrote the tables."""
    file = audit_file(warehouse)
    return file.exists() and file.stat().st_size > 0


def _make(warehouse: Path) -> None:
    """The file with its tables and nobody's but its owner's, before anything is written to it."""
    if _has_tables(warehouse):
        return
    file = audit_file(warehouse)
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
    """Say in words what goes wrong with the file."""
    file = audit_file(warehouse)
    try:
        yield
    except sqlite3.DatabaseError as wrong:
        if "locked" in str(wrong):
            busy = f"{file} has been written by another process for {BUSY_SECONDS:.0f} s; try again"
            raise UserError(busy) from wrong
        raise UserError(
            f"{file} cannot be used: {wrong}. `upswing audit verify` says what is whole; every backup holds a copy."
        ) from wrong
    except OSError as wrong:
        raise UserError(f"{file} cannot be written: {wrong}; whoever builds must own the folder") from wrong
