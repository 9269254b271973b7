"""What publishing leaves in the audit, and what ties the published marts to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from upswing.database_files import open_database
from upswing.quality import audit
from upswing.quality.audit_checksums import checksum, engine_version, quoted
from upswing.quality.audit_marts import PUBLISH_LOG_SCHEMA, publication_rows
from upswing.quality.audit_runs import code_version

MARTS_FILE = "marts.duckdb"
PUBLISH_LOG = "publish_log"
"""The mart that holds the checksums of the others, and so none of its own."""

PIPELINE_RUNS = "pipeline_runs"


def record_publication(
    connection: Any,
    database: str,
    marts: Iterable[str],
    invocation_id: str,
    warehouse: Path,
    known: Mapping[str, tuple[int, str]] | None = None,
) -> audit.Entry:
    """Add to the audit what is about to be published, and to the new file's ``publish_log`` what was added.

    Called when the new file is complete and before it is swapped in: a version that anyone can read was recorded. A
    build that dies between the two leaves an entry whose version nobody saw.

    Args:
        connection: to DuckDB, with the new file open for writing.
        database: the name by which the new file is attached; the marts stand in its schema ``main``.
        marts: names of the marts in it.
        invocation_id: of the dbt run that publishes.
        warehouse: the folder of the warehouse.
        known: rows and checksum of marts where they were computed already; of the others they are computed here.

    Returns:
        The entry; the marts of :data:`PUBLISH_LOG_SCHEMA` carry its number and hash.
    """
    names = set(marts)
    main = f"{quoted(database)}.main"
    if PIPELINE_RUNS in names:
        ran = f"update {main}.{PIPELINE_RUNS} set has_published = true where invocation_id = ?"
        connection.execute(ran, [invocation_id])
    details = {"invocation_id": invocation_id, "code_version": code_version()}
    entry = audit.append(warehouse, "publish", details | checked_marts(connection, database, names, known))
    if PUBLISH_LOG in names:
        before = f"select * from {main}.{PUBLISH_LOG} where engine = ?"
        last = _last_checksums(connection.execute(before, [engine_version(connection)]).to_arrow_table())
        rows = [
            row | {"is_changed": None if row["mart"] not in last else last[row["mart"]] != row["checksum"]}
            for row in publication_rows([entry])
        ]
        connection.register("upswing_published", pa.Table.from_pylist(rows, schema=PUBLISH_LOG_SCHEMA))
        connection.execute(f"insert into {main}.{PUBLISH_LOG} by name select * from upswing_published")
        connection.unregister("upswing_published")
    return entry


def checked_marts(
    connection: Any, database: str, marts: Iterable[str], known: Mapping[str, tuple[int, str]] | None = None
) -> dict[str, Any]:
    """What an entry tells of the marts of a file: ``engine``, and ``marts``, rows and checksum by name."""
    # What was computed before this run was marked as the one that publishes is no more so.
    found = {mart: rows for mart, rows in (known or {}).items() if mart != PIPELINE_RUNS}
    checked = {
        mart: list(found.get(mart) or checksum(connection, database, "main", mart))
        for mart in sorted(marts)
        if mart != PUBLISH_LOG
    }
    return {"engine": engine_version(connection), "marts": checked}


def published_marts(warehouse: Path) -> dict[str, Any]:
    """:func:`checked_marts` of the published file as it stands; nothing where there is none."""
    file = warehouse / MARTS_FILE
    if not file.exists():
        return {}
    with open_database(file) as connection:
        (database,) = connection.execute("select current_database()").fetchone() or ("",)
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'main'").fetchall()
        return checked_marts(connection, database, [table for (table,) in tables])


def published_anchors(warehouse: Path) -> list[audit.Anchor]:
    """The hashes of the audit that the published marts know of, by ``publish_log``."""
    file = warehouse / MARTS_FILE
    if not file.exists():
        return []
    at = "coalesce(strftime(published_at, '%Y-%m-%dT%H:%M:%S.%f+00:00'), '')"
    known = (
        f"select distinct audit_entry, audit_hash, {at} from {PUBLISH_LOG} "
        "where audit_entry is not null and audit_hash is not null order by audit_entry"
    )
    with open_database(file) as connection:
        try:
            rows = connection.execute(known).fetchall()
        except duckdb.CatalogException:  # published before there was an audit
            return []
    return [audit.Anchor(str(file), *row) for row in rows]


def changed_marts(warehouse: Path) -> list[audit.Break]:
    """Where the published marts are not what the audit says was published last, by rows and checksum.

    Only the newest entry that names marts counts (a publication, a restore, an erasure that wrote them anew). Where it
    was made by another version of the engine, whose hash may be another, nothing can be said.
    """
    if not (warehouse / MARTS_FILE).exists():
        return []
    last = next((entry for entry in reversed(audit.entries(warehouse)) if '"marts":' in entry.details), None)
    if last is None:
        return []
    recorded, found = last.content(), published_marts(warehouse)
    if recorded["engine"] != found["engine"]:
        return []
    names = sorted(recorded["marts"].keys() | found["marts"].keys())
    return [
        audit.Break(last.entry, f"mart {name}: recorded {_told(recorded, name)}, now {_told(found, name)}")
        for name in names
        if recorded["marts"].get(name) != found["marts"].get(name)
    ]


def _told(checked: dict[str, Any], mart: str) -> str:
    rows, total = checked["marts"].get(mart, (None, None))
    return "none" if rows is None else f"{rows:,} rows {total}"


def _last_checksums(log: pa.Table) -> dict[str, str]:
    rows = sorted(log.select(["audit_entry", "mart", "checksum"]).to_pylist(), key=lambda row: row["audit_entry"])
    return {row["mart"]: row["checksum"] for row in rows}
