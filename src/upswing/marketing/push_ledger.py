"""The ledger of what was exported: a push that stands in it is never exported again, whatever happened in between.

A run writes its files under unfinished names, then commits its pushes together with the names of these files, and only
then gives the files their own names. What dies before the commit leaves no push and no file; what dies after it is
finished by the next run from the ledger.

Other pseudonyms make other ids of pushes. The ledger keeps the id under which each push was exported too, for a row of
an exported file is found by no other.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

LEDGER_FILE = "ledger.sqlite"
ERASED = "erased"
"""Stands for every customer who was erased: what their pushes cost still counts against the budgets."""

ONLY_FOR_THE_OWNER = 0o600
BUSY_SECONDS = 5.0

TABLES = """
    create table if not exists exports (
        export_id integer primary key,
        is_finished integer not null
    );
    create table if not exists files (
        export_id integer not null,
        unfinished text not null,
        finished text not null
    );
    create table if not exists pushes (
        push_id text primary key,
        export_id integer not null,
        campaign_id text not null,
        campaign_name text not null,
        campaign_type text,
        action_id text not null,
        push_week text not null,
        customer_id text not null,
        channel text not null,
        send_on text not null,
        offer_ends_on text not null,
        is_control integer not null,
        cost real not null,
        exported_id text
    );
    create index if not exists pushes_by_day on pushes (send_on);
    create temporary table asked (push_id text primary key);
    create temporary table asked_customers (customer_id text primary key);
    pragma secure_delete = on;
    pragma locking_mode = exclusive;
"""
"""`exported_id` is null where a ledger from before this column knows only what the id is now. The lock outlives a
commit: no other run writes files while this one gives its own their names."""


def push_id_of(action_id: str, push_week: str, customer_id: str) -> str:
    """The id that score_push_decisions gives a push; the week in ISO form."""
    week = push_week.replace("-", "")
    return hashlib.md5(f"push|{action_id}-{week}|{customer_id}".encode(), usedforsecurity=False).hexdigest()


class LedgerError(Exception):
    """A ledger that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class LedgerPush:
    """A push as the ledger keeps it; days in ISO form, the customer by pseudonym."""

    push_id: str
    export_id: int
    campaign_id: str
    campaign_name: str
    campaign_type: str | None
    action_id: str
    push_week: str
    customer_id: str
    channel: str
    send_on: str
    offer_ends_on: str
    is_control: bool
    cost: float


class Ledger:
    """What was exported from a folder.

    Attributes:
        folder: of the exports; the names of files in the ledger are relative to it.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._connection = connection

    def known(self, push_ids: Iterable[str]) -> set[str]:
        """Those of the pushes that were exported."""
        self._connection.execute("delete from asked")
        self._connection.executemany("insert or ignore into asked values (?)", ((push_id,) for push_id in push_ids))
        return {
            row[0] for row in self._connection.execute("select push_id from asked inner join pushes using (push_id)")
        }

    def sent_between(self, first: date, last: date) -> list[tuple[str, str, date]]:
        """Customer, channel and day of the pushes of some days, both included, and of those held out."""
        rows = self._connection.execute(
            "select customer_id, channel, send_on from pushes where send_on between ? and ?",
            (first.isoformat(), last.isoformat()),
        )
        return [(customer_id, channel, date.fromisoformat(day)) for customer_id, channel, day in rows]

    def last_sent(self) -> dict[tuple[str, str], date]:
        """The latest day of each action to each customer, hold-outs included."""
        rows = self._connection.execute(
            "select action_id, customer_id, max(send_on) from pushes group by action_id, customer_id"
        )
        return {(action_id, customer_id): date.fromisoformat(day) for action_id, customer_id, day in rows}

    def spent(self) -> dict[tuple[str, str], float]:
        """What each action has cost in each week."""
        rows = self._connection.execute(
            "select action_id, push_week, sum(cost) from pushes group by action_id, push_week"
        )
        return {(action_id, week): float(cost) for action_id, week, cost in rows}

    def touches(self, until: date) -> Iterator[tuple[str, str, bool, str]]:
        """Campaign, customer, whether held out, and day of what has been sent by a day, in this order."""
        rows = self._connection.execute(
            "select campaign_id, customer_id, is_control, send_on from pushes where send_on <= ? and customer_id <> ? "
            "order by campaign_id, customer_id",
            (until.isoformat(), ERASED),
        )
        return ((campaign_id, customer_id, bool(held), day) for campaign_id, customer_id, held, day in rows)

    def campaigns(self, until: date) -> list[tuple[str, str, str | None, str, str, str]]:
        """Id, name, type, channel, first and last day of each campaign of which something has been sent by a day."""
        return self._connection.execute(
            "select campaign_id, min(campaign_name), min(campaign_type), min(channel), min(send_on), "
            "max(offer_ends_on) from pushes where send_on <= ? group by campaign_id order by campaign_id",
            (until.isoformat(),),
        ).fetchall()

    def count_of(self, customers: Iterable[str]) -> int:
        """How many pushes and hold-outs of customers the ledger knows."""
        return len(self._of(customers, "select 1 from pushes where customer_id in asked_customers"))

    def exported_ids(self, customers: Iterable[str]) -> set[str]:
        """Ids that exported files may know pushes to customers by: as they were exported, and as they are now."""
        rows = self._of(customers, "select push_id, exported_id from pushes where customer_id in asked_customers")
        return {push_id for row in rows for push_id in row if push_id is not None}

    def forget(self, customers: Iterable[str]) -> None:
        """Leave of pushes to customers what they cost, and nothing that tells to whom they went."""
        self._of(
            customers,
            "update pushes set customer_id = ?, exported_id = null, push_id = ? || '-' || lower(hex(randomblob(16))) "
            "where customer_id in asked_customers",
            (ERASED, ERASED),
        )

    def carry_over(self, renamed: Mapping[str, str]) -> int:
        """Give customers their new names, and their pushes the ids that come of these; how many pushes it was."""
        rows = self._of(
            renamed,
            "select push_id, action_id, push_week, customer_id from pushes where customer_id in asked_customers",
        )
        self._connection.executemany(
            "update pushes set exported_id = coalesce(exported_id, push_id), push_id = ?, customer_id = ? "
            "where push_id = ?",
            (
                (
                    push_id_of(action_id, week, renamed[customer_id])
                    if push_id == push_id_of(action_id, week, customer_id)
                    else push_id,
                    renamed[customer_id],
                    push_id,
                )
                for push_id, action_id, week, customer_id in rows
            ),
        )
        return len(rows)

    def _of(self, customers: Iterable[str], sql: str, values: Sequence[str] = ()) -> list[Any]:
        self._connection.execute("delete from asked_customers")
        self._connection.executemany(
            "insert or ignore into asked_customers values (?)", ((name,) for name in customers)
        )
        return self._connection.execute(sql, values).fetchall()

    def next_export(self) -> int:
        """The number of an export that would begin now."""
        (last,) = self._connection.execute("select coalesce(max(export_id), 0) from exports").fetchone()
        return int(last) + 1

    def add(self, export_id: int, pushes: Sequence[LedgerPush], files: Sequence[tuple[Path, Path]]) -> None:
        """Note an export with the unfinished and the own names of its files; it counts from :meth:`commit` on."""
        self._connection.execute("insert into exports values (?, 0)", (export_id,))
        self._connection.executemany(
            "insert into files values (?, ?, ?)",
            ((export_id, *(str(path.relative_to(self.folder)) for path in pair)) for pair in files),
        )
        columns = [column.name for column in fields(LedgerPush)]
        places = ", ".join("?" * len(columns))
        self._connection.executemany(
            f"insert into pushes ({', '.join(columns)}, exported_id) values ({places}, ?)",
            ((*astuple(push), push.push_id) for push in pushes),
        )

    def commit(self) -> None:
        """Keep what was added, for good; its files must be on the disk under their unfinished names."""
        self._connection.commit()

    def unfinished(self) -> list[tuple[Path, Path]]:
        """Files of committed exports that do not have their own names yet: where each is, and its own name.

        Raises:
            LedgerError: a committed file is neither under the one name nor under the other.
        """
        rows = self._connection.execute(
            "select unfinished, finished from files inner join exports using (export_id) where is_finished = 0 "
            "order by finished"
        ).fetchall()
        found = []
        for unfinished, name in rows:
            path = self.folder / name
            standing = next((file for file in (self.folder / unfinished, path) if file.exists()), None)
            if standing is None:
                raise LedgerError(
                    f"{path} is gone: the ledger says that it was written, but not that it was finished; "
                    f"bring back {self.folder / unfinished}, or, if nothing of it was sent, delete its export from "
                    f"{self.folder / LEDGER_FILE}"
                )
            found.append((standing, path))
        return found

    def finish(self) -> None:
        """Give the files of all committed exports their own names.

        Raises:
            LedgerError: a committed file is neither under the one name nor under the other.
        """
        for standing, path in self.unfinished():
            standing.replace(path)
        self._connection.execute("update exports set is_finished = 1 where is_finished = 0")


@contextmanager
def open_ledger(folder: Path, is_dry_run: bool = False) -> Iterator[Ledger]:
    """The ledger of a folder, held against other runs until it is closed.

    Args:
        folder: of the exports; made, with the ledger, unless it is a dry run.
        is_dry_run: write nothing, neither file nor folder.

    Raises:
        LedgerError: where another run holds it, or the file is none.
        OSError: where the folder cannot be written.
    """
    file = folder / LEDGER_FILE
    if is_dry_run:
        connection = sqlite3.connect(":memory:", isolation_level=None)
    else:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, ONLY_FOR_THE_OWNER))
        connection = sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        if is_dry_run and file.exists():
            with _reading(file) as standing:
                standing.backup(connection)
        connection.executescript(TABLES)
        connection.execute("begin immediate")
        if ("exported_id",) not in connection.execute("select name from pragma_table_info('pushes')").fetchall():
            connection.execute("alter table pushes add column exported_id text")
        yield Ledger(folder, connection)
        connection.commit()
    except sqlite3.OperationalError as wrong:
        if "locked" in str(wrong):
            raise LedgerError(f"another `upswing push` is writing to {folder}; wait until it is done") from wrong
        raise LedgerError(f"{file}: {wrong}") from wrong
    except sqlite3.DatabaseError as wrong:
        raise LedgerError(
            f"{file} is no ledger ({wrong}); without it nobody knows what was sent: bring it back, or give --folder "
            "another"
        ) from wrong
    finally:
        connection.close()


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    standing = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    try:
        yield standing
    finally:
        standing.close()
