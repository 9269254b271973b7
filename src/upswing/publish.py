"""Publishing: the marts, and they alone, copied to a new file that is swapped in whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

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
    (running,) = invocation.to_arrow_table().to_pylist()
    counted = [
        {"mart": name, "rows": mart.count("*").fetchone()[0], "invocation_id": running["invocation_id"]}
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
        session: the build's connection to DuckDB.
        checked: relation of :data:`CHECKED_SCHEMA`.
        invocation: relation of the dbt command that runs, one row.
        marts_file: path of the published file; what stands there is replaced.
        schema: where the build keeps its marts; the published ones stand in the default schema.
        tell: told why nothing was published.

    Returns:
        Rows of :data:`PUBLISHED_SCHEMA`; none where nothing was published.
    """
    rows = checked.to_arrow_table().to_pylist()
    (running,) = invocation.to_arrow_table().to_pylist()
    if running["command"] != TESTING_COMMAND:
        tell(f"published nothing: dbt {running['command']} tests nothing; run `dbt build`")
        return PUBLISHED_SCHEMA.empty_table()
    if any(row["invocation_id"] != running["invocation_id"] for row in rows):
        tell("published nothing: the marts were not checked in this run; run `dbt build`, or `dbt build -s +publish`")
        return PUBLISHED_SCHEMA.empty_table()
    target = Path(marts_file)
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    cursor = session.cursor()
    cursor.execute(f"attach {_quoted(str(unfinished))} as publication")
    try:
        for row in rows:
            _copy_mart(cursor, schema, row["mart"])
    finally:
        cursor.execute("detach publication")
        cursor.close()
    unfinished.replace(target)
    published_at = datetime.now(UTC).replace(tzinfo=None)
    return pa.Table.from_pylist([row | {"published_at": published_at} for row in rows], schema=PUBLISHED_SCHEMA)


def _copy_mart(cursor: Any, schema: str, mart: str) -> None:
    published = f'publication.main."{mart}"'
    cursor.execute(f'create table {published} as from {schema}."{mart}"')
    described = cursor.execute(
        "select comment from duckdb_tables() "
        "where schema_name = ? and table_name = ? and database_name = current_database()",
        [schema, mart],
    ).fetchone()
    cursor.execute(f"comment on table {published} is {_quoted(described[0])}")
    columns = cursor.execute(
        "select column_name, comment from duckdb_columns() "
        "where schema_name = ? and table_name = ? and database_name = current_database()",
        [schema, mart],
    ).fetchall()
    for column, comment in columns:
        cursor.execute(f'comment on column {published}."{column}" is {_quoted(comment)}')


def _quoted(text: str | None) -> str:
    return "null" if text is None else "'" + text.replace("'", "''") + "'"
