"""Serving: the published marts copied into PostgreSQL, whole or not at all."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from upswing.databases import Database, refusal
from upswing.quality.serve_access import ACCESS, access_statements, log_readers, make_roles, report_access
from upswing.quality.serve_swap import OURS, check_target, drop_retired, next_name, swap, wait_for_snapshots
from upswing.quality.serve_tables import (
    Mart,
    create_statement,
    fill,
    finish_statements,
    open_published,
    quoted,
    read_keys,
    read_marts,
    version_of,
)
from upswing.user_errors import UserError

LOCK = 7297480235143
"""Of the server's advisory locks: two that serve into one database would fill the same schema."""

OLDEST_SERVER = 130000


@dataclass(frozen=True)
class Served:
    """What was served.

    Attributes:
        version: of the marts, by their content.
        marts: how many.
        rows: in all of them.
        seconds: that it took.
        is_new: False where the server had this version already.
        schema: where readers find it.
        place: the server and database, in words.
    """

    version: str
    marts: int
    rows: int
    seconds: float
    is_new: bool
    schema: str
    place: str


def serve(
    marts_file: Path,
    database: Database,
    schema: str = "marts",
    manifest_file: Path = Path("target/manifest.json"),
    tell: Callable[[str], None] = print,
    progress: Callable[[int, int], None] = lambda _done, _rows: None,
) -> Served:
    """Copy the published marts into a schema of PostgreSQL, which is swapped in by one transaction.

    What is killed on the way leaves the schema that stands; the next serving clears up after it.

    Args:
        marts_file: the published marts.
        database: of PostgreSQL.
        schema: where readers find them.
        manifest_file: dbt's, which knows the keys; without it the tables have no index on their key.
        tell: told what somebody has to know or do.
        progress: told (rows done, rows in all) while they are copied.

    Raises:
        UserError: nothing is published, the server cannot be reached or refuses, or what arrived is not what was sent.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,30}", schema) or schema in ("public", ACCESS) or schema.startswith("pg_"):
        raise UserError(f"--schema is {schema!r}; expected lower-case letters, digits and _, and none that is in use")
    started = time.monotonic()
    keys = read_keys(manifest_file)
    if not keys:
        tell(f"{manifest_file} is not there, so the keys are not known and get no index; run `dbt parse` first")
    with closing(open_published(marts_file)) as published, closing(_connected(database)) as connection:
        _lock(connection, database)
        check_target(connection, schema)
        make_roles(connection)
        marts = read_marts(published)
        version = version_of(marts, keys, access_statements("marts", marts))
        drop_retired(connection, schema, tell)
        is_new = not _stands(connection, schema, version)
        if is_new:
            filled = next_name(schema)
            connection.execute(f"create schema {filled}")
            connection.execute(f"comment on schema {filled} is {quoted(f'{OURS}: not yet whole')}")
            _run(connection, [create_statement(filled, mart) for mart in marts])
            try:
                fill(published, database, filled, marts, progress)
            except duckdb.Error as wrong:
                raise UserError(f"nothing was swapped: {refusal(database, str(wrong))}") from None
            for mart in marts:
                _run(connection, finish_statements(filled, mart, keys.get(mart.name, [])))
            _run(connection, access_statements(filled, marts))
            wait_for_snapshots(connection, tell)
            with connection.transaction():
                swap(connection, schema, filled, version, tell)
                _record(connection, version, marts)
            drop_retired(connection, schema, tell)
        report_access(connection, schema, marts, tell)
        log_readers(connection, tell)
    seconds = time.monotonic() - started
    return Served(version, len(marts), sum(mart.rows for mart in marts), seconds, is_new, schema, database.described)


def _connected(database: Database) -> Any:
    import psycopg

    try:
        connection = psycopg.connect(database.place, password=database.password, autocommit=True)
    except psycopg.OperationalError as wrong:
        raise UserError(refusal(database, str(wrong).rpartition("failed: ")[2])) from None
    if connection.info.server_version < OLDEST_SERVER:
        connection.close()
        raise UserError(f"{database.described} is older than PostgreSQL {OLDEST_SERVER // 10000}")
    return connection


def _lock(connection: Any, database: Database) -> None:
    (is_free,) = connection.execute("select pg_try_advisory_lock(%s)", [LOCK]).fetchone()
    if not is_free:
        raise UserError(f"{database.described} is being served by another process; wait until it is done")


def _stands(connection: Any, schema: str, version: str) -> bool:
    comment = connection.execute("select obj_description(to_regnamespace(%s), 'pg_namespace')", [schema]).fetchone()
    return bool(comment and comment[0] == f"{OURS}: version {version}")


def _run(connection: Any, statements: list[str]) -> None:
    """In one go and one transaction."""
    connection.execute("; ".join(statements).encode())


def _record(connection: Any, version: str, marts: list[Mart]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            f"insert into {ACCESS}.served_marts (version, mart, rows, checksum) values (%s, %s, %s, %s)",
            [(version, mart.name, mart.rows, mart.checksum) for mart in marts],
        )
