"""Publishing: the marts, and they alone, copied to a new file that is swapped in whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from upswing import engine
from upswing.privacy.keys import private_file
from upswing.quality.audit_checksums import checksum
from upswing.quality.audit_publish import PIPELINE_RUNS, PUBLISH_LOG, record_publication
from upswing.quality.modes import close_folder

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
    published but by a command that runs every test of what it builds, and after the gate was passed in the same run. On
    DuckDB a mart that is published as it is now is not written again, and one that differs without being part of this
    run stops the publication: no test of this run saw it.

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
    if reason := _why_not(rows, running):
        tell(f"published nothing: {reason}")
        return PUBLISHED_SCHEMA.empty_table()
    target = Path(marts_file)
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    marts = [row["mart"] for row in rows]
    if engine.is_spark(session):
        _write_from_spark(session, unfinished, schema, marts)
    else:
        unchanged, mart_rows = _compared_marts(session, schema, marts, target)
        if untested := _untested(marts, unchanged, running["marts_built"]):
            tell(
                f"published nothing: {', '.join(untested[:3])}{' and others' if untested[3:] else ''} changed in an "
                "earlier run, so that no test of this one saw it; run `dbt build`"
            )
            return PUBLISHED_SCHEMA.empty_table()
        # What is dropped leaves holes in the file: where most is new, a new file is smaller.
        is_mostly_kept = 2 * sum(mart_rows[mart] for mart in unchanged) > sum(mart_rows.values())
        _write_from_duckdb(session, unfinished, target, schema, marts, unchanged if is_mostly_kept else set())
    with duckdb.connect(str(unfinished)) as publication:
        (database,) = publication.execute("select current_database()").fetchone() or ("",)
        record_publication(publication, database, marts, running["invocation_id"], target.parent)
    private_file(unfinished)
    unfinished.replace(target)
    close_folder(target.parent)
    published_at = datetime.now(UTC).replace(tzinfo=None)
    return pa.Table.from_pylist([row | {"published_at": published_at} for row in rows], schema=PUBLISHED_SCHEMA)


def _why_not(checked: list[dict[str, Any]], running: Mapping[str, Any]) -> str | None:
    """Why a command must not publish, and what to run; None where it may."""
    if running["command"] != TESTING_COMMAND:
        return f"dbt {running['command']} tests nothing; run `dbt build`"
    if any(row["invocation_id"] != running["invocation_id"] for row in checked):
        return "the marts were not checked in this run; run `dbt build`, or `dbt build -s +publish`"
    if left_out := running["tests_left_out"]:
        others = f" and {left_out - 3} more" if left_out > 3 else ""
        count = "1 test of what it builds is" if left_out == 1 else f"{left_out} tests of what it builds are"
        return f"{count} not part of this run ({running['first_left_out']}{others}); run `dbt build`"
    return None


def _untested(marts: list[str], unchanged: set[str], built: str | None) -> list[str]:
    """Marts that differ from the published ones and are not part of this run.

    Args:
        marts: all of them.
        unchanged: those that are published as they are.
        built: names of those that this run builds, with commas between them; None: all.
    """
    if built is None:
        return []
    seen = {*built.split(","), *unchanged, PUBLISH_LOG, PIPELINE_RUNS}
    return [mart for mart in marts if mart not in seen]


def _write_from_duckdb(session: Any, file: Path, standing: Path, schema: str, marts: list[str], kept: set[str]) -> None:
    cursor = session.cursor()
    (build,) = cursor.execute("select current_database()").fetchone()
    if kept:
        shutil.copyfile(standing, file)
    cursor.execute(f"attach {_quoted(str(file))} as publication")
    try:
        tables = cursor.execute("select table_name from duckdb_tables() where database_name = 'publication'").fetchall()
        for (table,) in tables:
            if table not in kept:
                cursor.execute(f'drop table publication.main."{table}"')
        for mart in marts:
            if mart not in kept:
                cursor.execute(f'create table publication.main."{mart}" as from {schema}."{mart}"')
                _describe(cursor, f'publication.main."{mart}"', *_descriptions(cursor, build, schema, mart))
    finally:
        cursor.execute("detach publication")
        cursor.close()


def _compared_marts(session: Any, schema: str, marts: list[str], standing: Path) -> tuple[set[str], dict[str, int]]:
    """Marts whose rows and descriptions are published already, and how many rows each mart has; none without a file."""
    if not standing.exists():
        return set(), {}
    cursor = session.cursor()
    (build,) = cursor.execute("select current_database()").fetchone()
    rows = {mart: checksum(cursor, build, schema, mart) for mart in marts}
    unchanged: set[str] = set()
    # A published file that is damaged holds nothing to keep.
    with suppress(duckdb.IOException):
        cursor.execute(f"attach {_quoted(str(standing))} as standing (read_only)")
        try:
            tables = "select table_name from duckdb_tables() where database_name = 'standing'"
            found = {table for (table,) in cursor.execute(tables).fetchall()}
            unchanged = {
                mart
                for mart in found.intersection(marts)
                if checksum(cursor, "standing", "main", mart) == rows[mart]
                and _descriptions(cursor, "standing", "main", mart) == _descriptions(cursor, build, schema, mart)
            }
        finally:
            cursor.execute("detach standing")
    cursor.close()
    return unchanged, {mart: count for mart, (count, _) in rows.items()}


def _descriptions(cursor: Any, database: str, schema: str, mart: str) -> tuple[str | None, dict[str, str | None]]:
    of_mart = "where database_name = ? and schema_name = ? and table_name = ?"
    place = [database, schema, mart]
    (comment,) = cursor.execute(f"select comment from duckdb_tables() {of_mart}", place).fetchone()
    columns = cursor.execute(f"select column_name, comment from duckdb_columns() {of_mart}", place).fetchall()
    return comment, dict(columns)


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
