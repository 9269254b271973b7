"""A schema of PostgreSQL replaced by another in one transaction, without breaking who reads the old one.

Renaming a schema takes no lock on its tables: a query that runs goes on in the tables it began with, the next one finds
the new ones. The old tables are dropped once nobody reads them. Views that others made on the marts are moved along.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from upswing.quality.serve_tables import identifier, quoted
from upswing.user_errors import UserError

OURS = "Served by Upswing"
"""How the comment on each schema of ours begins."""

SECONDS_FOR_A_LOCK = 10
SECONDS_FOR_SNAPSHOTS = 30

VIEWS = """
    select distinct
        views.oid,
        views_schema.nspname,
        views.relname,
        views.relkind::text,
        pg_catalog.pg_get_viewdef(views.oid),
        coalesce(array_to_string(views.reloptions, ', '), '')
    from pg_catalog.pg_depend
    inner join pg_catalog.pg_rewrite on pg_depend.objid = pg_rewrite.oid
    inner join pg_catalog.pg_class as views on pg_rewrite.ev_class = views.oid
    inner join pg_catalog.pg_namespace as views_schema on views.relnamespace = views_schema.oid
    inner join pg_catalog.pg_class as tables on pg_depend.refobjid = tables.oid
    inner join pg_catalog.pg_namespace as tables_schema on tables.relnamespace = tables_schema.oid
    where pg_depend.classid = 'pg_catalog.pg_rewrite'::regclass
        and pg_depend.refclassid = 'pg_catalog.pg_class'::regclass
        and tables_schema.nspname = %s
        and views.oid <> tables.oid
        and views_schema.nspname <> %s
    order by views.oid
"""
COMMENT = """
    select coalesce(pg_catalog.obj_description(oid, 'pg_namespace'), '') from pg_catalog.pg_namespace where nspname = %s
"""
TABLES = "select tablename from pg_catalog.pg_tables where schemaname = %s"

OLDER_SNAPSHOTS = """
    select count(*), coalesce(string_agg(distinct usename, ', '), '')
    from pg_catalog.pg_stat_activity
    where datname = current_database()
        and pid <> pg_catalog.pg_backend_pid()
        and pg_catalog.age(backend_xmin) > pg_catalog.age(%s::text::xid)
"""


def check_target(connection: Any, schema: str) -> None:
    """Refuse a schema that somebody else made.

    Raises:
        UserError: it stands and is not ours.
    """
    found = connection.execute(COMMENT, [schema]).fetchone()
    if found is not None and not found[0].startswith(OURS):
        raise UserError(f"the schema {schema} stands already and is not Upswing's; serve into another: --schema NAME")


def wait_for_snapshots(connection: Any, tell: Callable[[str], None]) -> None:
    """Wait for who began before the tables were filled; in a snapshot that old they would be empty.

    A transaction at repeatable read keeps its snapshot to its end, one at read committed to the end of its statement.

    Args:
        connection: of psycopg, in autocommit.
        tell: told who was not waited for any longer.
    """
    (filled_at,) = connection.execute("select pg_current_xact_id()::xid::text").fetchone()
    last = time.monotonic() + SECONDS_FOR_SNAPSHOTS
    while True:
        (older, users) = connection.execute(OLDER_SNAPSHOTS, [filled_at]).fetchone()
        if not older:
            return
        if time.monotonic() > last:
            tell(
                f"{older} of {users} read since before the tables were filled; "
                "if at repeatable read, they find them empty"
            )
            return
        time.sleep(0.1)


def swap(connection: Any, schema: str, filled: str, version: str, tell: Callable[[str], None]) -> None:
    """Put the schema ``filled`` in the place of ``schema``, which goes on under another name; within a transaction.

    Args:
        connection: of psycopg, in a transaction that the caller commits.
        schema: the name that readers use.
        filled: the schema to swap in.
        version: of the marts in it.
        tell: told of views that could not be moved.
    """
    from psycopg import Error

    connection.execute(f"set local lock_timeout = '{SECONDS_FOR_A_LOCK}s'")
    # So that the text of a view names the schema of each table in it.
    connection.execute("set local search_path = pg_catalog")
    views = connection.execute(VIEWS, [schema, schema]).fetchall()
    if connection.execute(COMMENT, [schema]).fetchone() is not None:
        (retired,) = connection.execute(
            "select %s || '_until_' || to_char(clock_timestamp() at time zone 'UTC', 'YYYYMMDDHH24MISSUS')", [schema]
        ).fetchone()
        connection.execute(f"alter schema {schema} rename to {retired}")
    connection.execute(f"alter schema {filled} rename to {schema}")
    connection.execute(f"comment on schema {schema} is {quoted(f'{OURS}: version {version}')}")
    for _, view_schema, view, kind, text, options in views:
        name = f"{identifier(view_schema)}.{identifier(view)}"
        reason = "a materialized view cannot be moved" if kind == "m" else None
        if reason is None:
            try:
                with connection.transaction():
                    chosen = f"with ({options}) " if options else ""
                    connection.execute(f"create or replace view {name} {chosen}as {text}".encode())
            except Error as wrong:
                reason = str(wrong).splitlines()[0]
        if reason:
            tell(f"the view {name} still reads the version before ({reason}); make it anew")


def drop_retired(connection: Any, schema: str, tell: Callable[[str], None]) -> None:
    """Drop what was swapped out or never finished, unless somebody still reads it; then the next time.

    Args:
        connection: of psycopg, in autocommit.
        schema: the name that readers use.
        tell: told of what had to stay.
    """
    from psycopg import errors

    left = connection.execute(
        "select nspname from pg_catalog.pg_namespace where nspname like %s or nspname = %s order by nspname",
        [schema.replace("_", r"\_") + r"\_until\_%", next_name(schema)],
    ).fetchall()
    for (name,) in left:
        if not connection.execute(COMMENT, [name]).fetchone()[0].startswith(OURS):
            continue
        tables = connection.execute(TABLES, [name]).fetchall()
        named = ", ".join(f"{name}.{identifier(table)}" for (table,) in tables)
        try:
            with connection.transaction():
                connection.execute(f"set local lock_timeout = '{SECONDS_FOR_A_LOCK}s'")
                # Not by cascade: it would take the views of others along.
                if named:
                    connection.execute(f"drop table {named}")
                connection.execute(f"drop schema {name}")
        except errors.LockNotAvailable:
            tell(f"{name} is still being read; the next serving drops it")
        except errors.DependentObjectsStillExist as wrong:
            tell(f"{name} stays, for others built on it: {(wrong.diag.message_detail or '').splitlines()[0]}")


def next_name(schema: str) -> str:
    """The schema that is filled before it is swapped in."""
    return f"{schema}_next"
