"""The published marts as tables of PostgreSQL: their types, keys, comments, contents and checksums."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from upswing.databases import Database, attach
from upswing.user_errors import UserError

TYPES = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "HUGEINT": "numeric(38, 0)",
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "FLOAT[]": "real[]",
    "DOUBLE[]": "double precision[]",
    "VARCHAR[]": "text[]",
    "BIGINT[]": "bigint[]",
}
PUBLISHED = "published"
SERVED = "served"


@dataclass(frozen=True)
class Column:
    """A column: its name, its type in DuckDB, and what it means."""

    name: str
    type: str
    comment: str | None


@dataclass(frozen=True)
class Mart:
    """A published mart.

    Attributes:
        name: of the mart.
        comment: what it is.
        columns: in their order.
        rows: their number.
        checksum: of the rows in any order; DuckDB's hashes, added up.
    """

    name: str
    comment: str | None
    columns: Sequence[Column]
    rows: int
    checksum: str

    def has(self, column: str) -> bool:
        """Whether it has a column of that name."""
        return any(found.name == column for found in self.columns)


def open_published(marts_file: Path) -> duckdb.DuckDBPyConnection:
    """A connection that has the published marts attached, read-only, as ``published``.

    Raises:
        UserError: nothing is published there.
    """
    if not marts_file.exists():
        raise UserError(f"nothing is published at {marts_file}; run `make build` or `dbt build`")
    connection = duckdb.connect()
    # A connection that opens the file itself, read-only, would let nothing be written to any other database either.
    connection.execute(f"attach {quoted(str(marts_file))} as {PUBLISHED} (read_only)")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection


def read_marts(connection: duckdb.DuckDBPyConnection) -> list[Mart]:
    """The published marts, the largest first.

    Raises:
        UserError: a column has a type that PostgreSQL is not known to keep.
    """
    named = connection.execute(
        "select table_name, comment from duckdb_tables() where database_name = $1 order by estimated_size desc, 1",
        [PUBLISHED],
    ).fetchall()
    marts = []
    for name, comment in named:
        described = connection.execute(
            "select column_name, data_type, comment from duckdb_columns() where database_name = $1 and table_name = $2 "
            "order by column_index",
            [PUBLISHED, name],
        ).fetchall()
        columns = [Column(*found) for found in described]
        for column in columns:
            if column.type not in TYPES and not column.type.startswith("DECIMAL("):
                raise UserError(f"{name}.{column.name} is of type {column.type}, which cannot be served to PostgreSQL")
        rows, checksum = _counted(connection, f"{PUBLISHED}.main.{identifier(name)}", columns)
        marts.append(Mart(name, comment, columns, rows, checksum))
    return marts


def version_of(marts: Sequence[Mart], keys: Mapping[str, Sequence[str]], rules: Sequence[str]) -> str:
    """16 hex digits that change with any row, column, comment or key of the marts, and with who may read them.

    Args:
        marts: the tables.
        keys: of each.
        rules: SQL that gives them to their readers.
    """
    content = [
        [mart.name, mart.comment, [[c.name, c.type, c.comment] for c in mart.columns], mart.rows, mart.checksum]
        for mart in sorted(marts, key=lambda mart: mart.name)
    ]
    told = json.dumps([content, {name: list(columns) for name, columns in sorted(keys.items())}, sorted(rules)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def create_statement(schema: str, mart: Mart) -> str:
    """SQL of PostgreSQL that makes the empty table."""
    columns = ", ".join(f"{identifier(c.name)} {TYPES.get(c.type, c.type.lower())}" for c in mart.columns)
    return f"create table {schema}.{identifier(mart.name)} ({columns})"


def finish_statements(schema: str, mart: Mart, key: Sequence[str]) -> list[str]:
    """SQL of PostgreSQL for a filled table: an index on its key, what it means, statistics."""
    table = f"{schema}.{identifier(mart.name)}"
    statements = [f"comment on table {table} is {quoted(mart.comment)}"]
    statements += [
        f"comment on column {table}.{identifier(column.name)} is {quoted(column.comment)}"
        for column in mart.columns
        if column.comment
    ]
    if key and all(mart.has(column) for column in key):
        statements.append(f"create unique index on {table} ({', '.join(map(identifier, key))})")
    if mart.has("customer_id") and "customer_id" not in key[:1]:
        statements.append(f"create index on {table} (customer_id)")
    return [*statements, f"analyze {table}"]


def fill(
    connection: duckdb.DuckDBPyConnection,
    database: Database,
    schema: str,
    marts: Sequence[Mart],
    progress: Callable[[int, int], None],
) -> None:
    """Copy the marts into the empty tables of a schema and read each back.

    Args:
        connection: what :func:`open_published` returned.
        database: where the tables are.
        schema: of the tables.
        marts: to copy.
        progress: told (rows done, rows in all).

    Raises:
        UserError: what was read back is not what was written.
        duckdb.Error: the server broke off.
    """
    attach(connection, database, SERVED, schema=schema, read_only=False)
    rows, done = sum(mart.rows for mart in marts), 0
    try:
        for mart in marts:
            source = f"{PUBLISHED}.main.{identifier(mart.name)}"
            target = f"{SERVED}.{schema}.{identifier(mart.name)}"
            connection.execute(f"insert into {target} select {_kept(mart.columns)} from {source}")
            found = _counted(connection, target, mart.columns)
            if found != (mart.rows, mart.checksum):
                raise UserError(
                    f"{mart.name} did not arrive as it was sent: {mart.rows:,} rows with checksum {mart.checksum}, "
                    f"read back {found[0]:,} with {found[1]}; nothing was swapped, serve again"
                )
            done += mart.rows
            progress(done, rows)
    finally:
        # Where the server broke off, this fails too, and what it says is no news.
        with suppress(duckdb.Error):
            connection.execute(f"detach {SERVED}")


def read_keys(manifest_file: Path) -> dict[str, list[str]]:
    """The tested key of each mart, by dbt's manifest; empty where there is none.

    Args:
        manifest_file: ``target/manifest.json`` of the project.
    """
    if not manifest_file.exists():
        return {}
    nodes: dict[str, Any] = json.loads(manifest_file.read_text(encoding="utf-8"))["nodes"]
    keys: dict[str, list[str]] = {}
    for node in nodes.values():
        tested = nodes.get(node.get("attached_node") or "", {}).get("name")
        test = (node.get("test_metadata") or {}).get("name")
        if tested and test == "unique":
            keys.setdefault(tested, [node["column_name"]])
        elif tested and test == "unique_combination":
            keys[tested] = list(node["test_metadata"]["kwargs"]["columns"])
    return keys


def identifier(name: str) -> str:
    """A name as SQL spells it."""
    return '"' + name.replace('"', '""') + '"'


def quoted(text: str | None) -> str:
    """A text as SQL spells it."""
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


def _counted(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column]) -> tuple[int, str]:
    checksum = "coalesce(sum(hash(kept)::hugeint), 0)::varchar"
    rows = f"(select {_kept(columns)} from {table}) as kept"
    found = connection.execute(f"select count(*), {checksum} from {rows}").fetchone()
    assert found is not None
    return int(found[0]), str(found[1])


def _kept(columns: Sequence[Column]) -> str:
    """The columns as PostgreSQL can keep them: its text holds no NUL."""
    kept = []
    for column in columns:
        name = identifier(column.name)
        kept.append(f"replace({name}, chr(0), '�') as {name}" if column.type == "VARCHAR" else name)
    return ", ".join(kept)
