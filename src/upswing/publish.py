"""Publishing: the marts, and they alone, copied to a new file that is swapped in whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from upswing import engine

CHECKED_SCHEMA = pa.schema(
    [pa.field("mart", pa.string()), pa.field("rows", pa.int64()), pa.field("invocation_id", pa.string())]
)
PUBLISHED_SCHEMA = CHECKED_SCHEMA.append(pa.field("published_at", pa.timestamp("us")))
TESTING_COMMAND = "build"


def count_marts(marts: Mapping[str, Any], invocation: Any) -> pa.Table:
    """Name and rows of each mart, as rows of :data:`CHECKED_SCHEMA`.

    Args:
        marts: relations of the engine by name.
        invocation: relation of the dbt command that runs, one row.
    """
    (running,) = engine.read(invocation).to_pylist()
    counted = [
        {"mart": name, "rows": engine.count(mart), "invocation_id": running["invocation_id"]}
        for name, mart in marts.items()
    ]
    return pa.Table.from_pylist(counted, schema=CHECKED_SCHEMA)


def publish_marts(
    session: Any,
    checked: Any,
    invocation: Any,
    marts_file: str,
    schema: str = "marts",
    tell: Callable[[str], None] = print,
) -> pa.Table:
    """Copy the checked marts with their descriptions into a new file and swap it in as ``marts_file``.

    A reader that has the old file open keeps it; a build that dies here leaves the old file as it was. Nothing is
    published but by a command that tests, and after the gate was passed in the same run.

    Args:
        session: the build's connection to DuckDB, or its Spark session: one mart at a time through the driver.
        checked: relation of :data:`CHECKED_SCHEMA`.
        invocation: relation of the dbt command that runs, one row.
        marts_file: path of the published file; what stands there is replaced.
        schema: where the build keeps its marts; the published ones stand in the default schema.
        tell: told why nothing was published.

    Returns:
        Rows of :data:`PUBLISHED_SCHEMA`; none where nothing was published.
    """
    rows = engine.read(checked).to_pylist()
    (running,) = engine.read(invocation).to_pylist()
    if running["command"] != TESTING_COMMAND:
        tell(f"published nothing: dbt {running['command']} tests nothing; run `dbt build`")
        return PUBLISHED_SCHEMA.empty_table()
    if any(row["invocation_id"] != running["invocation_id"] for row in rows):
        tell("published nothing: the marts were not checked in this run; run `dbt build`, or `dbt build -s +publish`")
        return PUBLISHED_SCHEMA.empty_table()
    target = Path(marts_file)
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    marts = [row["mart"] for row in rows]
    if engine.is_spark(session):
        _write_from_spark(session, unfinished, schema, marts)
    else:
        _write_from_duckdb(session, unfinished, schema, marts)
    unfinished.replace(target)
    published_at = datetime.now(UTC).replace(tzinfo=None)
    return pa.Table.from_pylist([row | {"published_at": published_at} for row in rows], schema=PUBLISHED_SCHEMA)


def _write_from_duckdb(session: Any, file: Path, schema: str, marts: list[str]) -> None:
    cursor = session.cursor()
    cursor.execute(f"attach {_quoted(str(file))} as publication")
    try:
        for mart in marts:
            cursor.execute(f'create table publication.main."{mart}" as from {schema}."{mart}"')
            of_mart = "where schema_name = ? and table_name = ? and database_name = current_database()"
            (comment,) = cursor.execute(f"select comment from duckdb_tables() {of_mart}", [schema, mart]).fetchone()
            columns = cursor.execute(
                f"select column_name, comment from duckdb_columns() {of_mart}", [schema, mart]
            ).fetchall()
            _describe(cursor, f'publication.main."{mart}"', comment, dict(columns))
    finally:
        cursor.execute("detach publication")
        cursor.close()


def _write_from_spark(session: Any, file: Path, schema: str, marts: list[str]) -> None:
    with duckdb.connect(str(file)) as connection:
        for mart in marts:
            table = session.table(f"{schema}.{mart}")
            rows = engine.read(table)
            connection.execute(f'create table "{mart}" as from rows')
            columns = {field.name: field.metadata.get("comment") for field in table.schema.fields}
            _describe(connection, f'"{mart}"', session.catalog.getTable(f"{schema}.{mart}").description, columns)
            del rows


def _describe(connection: Any, table: str, comment: str | None, columns: Mapping[str, str | None]) -> None:
    connection.execute(f"comment on table {table} is {_quoted(comment)}")
    for column, described in columns.items():
        connection.execute(f'comment on column {table}."{column}" is {_quoted(described)}')


def _quoted(text: str | None) -> str:
    return "null" if text is None else "'" + text.replace("'", "''") + "'"
