"""Taking customers out of a DuckDB file: their rows are deleted, and the file is written anew without what they left.

A deleted row's bytes stay in a DuckDB file until something is written over them. So the rows are deleted in a copy,
what remains is copied into a new file, and that takes the old one's place in one step: who is killed has the old file
or the new.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from upswing.database_files import open_database
from upswing.privacy.erasures_fits import drop_older_weights
from upswing.privacy.keys import private_file
from upswing.privacy.pseudonym_function import register_pseudonym

ANONYMOUS_SALES = frozenset(
    {"order_lines", "parsed_raw__order_lines", "int_order_lines", "int_order_weeks", "int_orders"}
)
"""Tables whose rows stay without their customer: what was sold was sold."""

AT_ONCE = 1_000
"""Texts that are looked for in one pass."""

LINKED = {
    "opportunity_id": "opportunity_id",
    "visit_id": "visit_id",
    "copied_visit_id": "visit_id",
    "feedback_text": "feedback_text",
}
"""Columns by which rows of a customer are known where the customer is not named, and what stands in them: their
opportunities, the visits of these, and texts that nobody but them wrote."""


@dataclass(frozen=True)
class Column:
    """A column of a table that may hold text."""

    schema: str
    table: str
    name: str
    data_type: str

    @property
    def relation(self) -> str:
        """The table, quoted."""
        return f'"{self.schema}"."{self.table}"'

    def holds(self, texts: Collection[str]) -> str:
        """A condition: a value holds one of some texts; of an id, that it is one of them."""
        if self.name == "customer_id" and self.data_type == "VARCHAR":
            return f'"{self.name}" in ({", ".join(map(quoted, texts))})'
        value = f'"{self.name}"' if self.data_type == "VARCHAR" else f'cast("{self.name}" as varchar)'
        looked_for = list(texts)
        if self.data_type == "BLOB":
            value, looked_for = f'hex("{self.name}")', [text.encode().hex().upper() for text in texts]
        if len(looked_for) == 1:
            return f"contains({value}, {quoted(looked_for[0])})"
        return f"regexp_matches({value}, {quoted('|'.join(map(re.escape, looked_for)))})"


def rewrite_without(file: Path, pseudonyms: Collection[str]) -> Counter[str]:
    """Take customers out of every table of a DuckDB file; how many rows of each table were deleted or made anonymous.

    Args:
        file: no build must have it open, see :func:`held`; who reads it keeps what was opened.
        pseudonyms: of the customers.
    """
    changed: Counter[str] = Counter()
    scrubbed, written = file.with_name(f".{file.name}.scrubbed"), file.with_name(f".{file.name}.rewritten")
    _remove(scrubbed, written)
    try:
        os.close(os.open(scrubbed, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        shutil.copyfile(file, scrubbed)
        with duckdb.connect(str(scrubbed)) as connection:
            for table, relation, condition, is_sale in _rows_of(connection, pseudonyms):
                taken = f"update {relation} set customer_id = null" if is_sale else f"delete from {relation}"
                (rows,) = connection.execute(f"{taken} where {condition}").fetchone() or (0,)
                changed[table] += rows
            drop_older_weights(connection)
        with duckdb.connect() as connection:
            connection.execute("set enable_progress_bar = false")
            connection.execute(f"attach {quoted(str(scrubbed))} as scrubbed (read_only)")
            connection.execute(f"attach {quoted(str(written))} as written")
            private_file(written)
            connection.execute("copy from database scrubbed to written")
        written.replace(file)
    finally:
        _remove(scrubbed, written)
    return +changed


def rows_of(file: Path, pseudonyms: Collection[str]) -> Counter[str]:
    """Rows of each table of a DuckDB file that :func:`rewrite_without` would delete or make anonymous."""
    found: Counter[str] = Counter()
    with open_database(file) as connection:
        for table, relation, condition, _ in _rows_of(connection, pseudonyms):
            (rows,) = connection.execute(f"select count(*) from {relation} where {condition}").fetchone() or (0,)
            found[table] += rows
    return +found


def rows_naming(file: Path, texts: Collection[str]) -> Counter[str]:
    """Rows of each ``schema.table.column`` of a DuckDB file that hold one of some texts; none where nothing does."""
    found: Counter[str] = Counter()
    with open_database(file) as connection:
        for part in batched(sorted(texts)):
            for columns in tables(connection).values():
                counted = ", ".join(f"count(*) filter (where {column.holds(part)})" for column in columns)
                counts = connection.execute(f"select {counted} from {columns[0].relation}").fetchone() or ()
                for column, rows in zip(columns, counts, strict=True):
                    found[f"{column.schema}.{column.table}.{column.name}"] += rows
    return +found


def raw_tables_naming(file: Path, pseudonyms: Collection[str], key: bytes) -> Counter[str]:
    """Rows of each raw table, by where it was delivered, that name customers; of what the last build could read.

    Args:
        file: of the warehouse.
        pseudonyms: of the customers.
        key: of the pseudonyms.

    Raises:
        UserError: a build has the file open.
    """
    found: Counter[str] = Counter()
    with open_database(file) as connection:
        register_pseudonym(connection, key)
        named = "select table_name from duckdb_columns() where schema_name = 'raw' and column_name = 'customer_id'"
        try:
            delivered = connection.execute(
                f"select table_name, location from raw.deliveries where is_present and table_name in ({named})"
            ).fetchall()
        except duckdb.CatalogException:
            return found
        for table, location in delivered:
            of_them = f"customer_id in ({', '.join(map(quoted, pseudonyms))})"
            with suppress(duckdb.Error):
                (rows,) = connection.execute(f'select count(*) from raw."{table}" where {of_them}').fetchone() or (0,)
                found[location] += rows
    return +found


def batched(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Texts, so many at once as one query takes."""
    return (texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE))


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Hold a warehouse file, written out in whole, so that no build begins; nothing where there is no file.

    Raises:
        UserError: a build, or another reader of the file, has it open.
    """
    if not file.exists():
        yield
        return
    with open_database(file, read_only=False) as connection:
        connection.execute("force checkpoint")
        yield


def tables(connection: Any) -> dict[str, list[Column]]:
    """The columns of each table of the open file that may hold text, by the table's name."""
    rows = connection.execute(
        """
        select columns.schema_name, columns.table_name, columns.column_name, columns.data_type
        from duckdb_columns() as columns
        inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
        where database_name = current_database() and not columns.internal
          and (data_type in ('VARCHAR', 'BLOB', 'JSON') or contains(data_type, 'VARCHAR'))
        order by all
        """
    ).fetchall()
    found: dict[str, list[Column]] = {}
    for row in rows:
        column = Column(*row)
        found.setdefault(column.relation, []).append(column)
    return found


def quoted(text: str) -> str:
    """Text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _linked(connection: Any, pseudonyms: Collection[str]) -> dict[str, list[str]]:
    """Opportunities, visits and texts of customers, by the column they stand in; sorted."""
    linked: dict[str, set[str]] = {name: set() for name in LINKED.values()}
    known_by = (("opportunity_id", "customer_id"), ("visit_id", "opportunity_id"), ("feedback_text", "customer_id"))
    for link, known in known_by:
        owners = pseudonyms if known == "customer_id" else linked[known]
        for relation, columns in tables(connection).items() if owners else ():
            named = {column.name: column for column in columns}
            if {known, link} <= named.keys() and named[link].data_type == "VARCHAR":
                is_theirs = f"coalesce({known} in ({', '.join(map(quoted, owners))}), false)"
                values = (
                    f"select {link} from {relation} where {link} is not null group by all having bool_and({is_theirs})"
                )
                linked[link] |= {value for (value,) in connection.execute(values).fetchall() if value}
    return {link: sorted(values) for link, values in linked.items() if values}


def _rows_of(connection: Any, pseudonyms: Collection[str]) -> Iterator[tuple[str, str, str, bool]]:
    """Each table's name, the table quoted, a condition on customers' rows, and whether these are sales."""
    for part in batched(sorted(pseudonyms)):
        linked = _linked(connection, part)
        for relation, columns in tables(connection).items():
            conditions = [f"coalesce({column.holds(part)}, false)" for column in columns if column.data_type != "BLOB"]
            named = {column.name for column in columns}
            for name, link in LINKED.items():
                if link in linked and name in named:
                    conditions.append(f"coalesce({name} in ({', '.join(map(quoted, linked[link]))}), false)")
            if conditions:
                is_sale = columns[0].table in ANONYMOUS_SALES and "customer_id" in named
                yield f"{columns[0].schema}.{columns[0].table}", relation, " or ".join(conditions), is_sale


def _remove(*files: Path) -> None:
    for file in files:
        file.unlink(missing_ok=True)
        file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
