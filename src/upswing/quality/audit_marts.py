"""The audit as tables: the runs of dbt, and what was published by them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from upswing.quality import audit

RUNS_SHOWN = 10_000
PUBLICATIONS_SHOWN = 1_000

RUNS_SCHEMA = pa.schema(
    [
        pa.field("invocation_id", pa.string()),
        pa.field("started_at", pa.timestamp("us")),
        pa.field("finished_at", pa.timestamp("us")),
        pa.field("run_status", pa.string()),
        pa.field("duration_seconds", pa.float64()),
        pa.field("dbt_command", pa.string()),
        pa.field("selection", pa.string()),
        pa.field("dbt_target", pa.string()),
        pa.field("actor", pa.string()),
        pa.field("code_version", pa.string()),
        pa.field("nodes_run", pa.int64()),
        pa.field("nodes_failed", pa.int64()),
        pa.field("nodes_warned", pa.int64()),
        pa.field("nodes_skipped", pa.int64()),
        pa.field("failed_nodes", pa.string()),
        pa.field("slowest_nodes", pa.string()),
        pa.field("has_published", pa.bool_()),
        pa.field("audit_entry", pa.int64()),
        pa.field("audit_hash", pa.string()),
    ]
)
PUBLISH_LOG_SCHEMA = pa.schema(
    [
        pa.field("audit_entry", pa.int64()),
        pa.field("mart", pa.string()),
        pa.field("published_at", pa.timestamp("us")),
        pa.field("published_rows", pa.int64()),
        pa.field("checksum", pa.string()),
        pa.field("is_changed", pa.bool_()),
        pa.field("invocation_id", pa.string()),
        pa.field("actor", pa.string()),
        pa.field("code_version", pa.string()),
        pa.field("engine", pa.string()),
        pa.field("audit_hash", pa.string()),
    ]
)
FAILED = ("error", "fail", "runtime error", "partial success")


def pipeline_runs(warehouse: str) -> pa.Table:
    """The newest :data:`RUNS_SHOWN` dbt runs of a warehouse, as rows of :data:`RUNS_SCHEMA`.

    ``run_status`` is ``succeeded``, ``failed``, ``running`` (the newest one, before it ended) or ``interrupted``: a
    start without an end, which a run leaves that was killed or that stopped before its first model.
    """
    folder = Path(warehouse)
    started = audit.entries(folder, "run_started", RUNS_SHOWN)
    finished = {entry.content()["invocation_id"]: entry for entry in audit.entries(folder, "run_finished", RUNS_SHOWN)}
    published = {entry.content()["invocation_id"] for entry in audit.entries(folder, "publish", RUNS_SHOWN)}
    runs = {}
    for start in started:
        details = start.content()
        invocation = details["invocation_id"]
        runs[invocation] = _run(start, details, finished.get(invocation), start is started[-1], invocation in published)
    return pa.Table.from_pylist(list(runs.values()), schema=RUNS_SCHEMA)


def publish_log(warehouse: str) -> pa.Table:
    """The marts of the newest :data:`PUBLICATIONS_SHOWN` publications, as rows of :data:`PUBLISH_LOG_SCHEMA`."""
    publications = audit.entries(Path(warehouse), "publish", PUBLICATIONS_SHOWN)
    return pa.Table.from_pylist(publication_rows(publications), schema=PUBLISH_LOG_SCHEMA)


def publication_rows(publications: Iterable[audit.Entry]) -> list[dict[str, Any]]:
    """A row a mart of each publication, in the order of the publications; see :data:`PUBLISH_LOG_SCHEMA`."""
    rows: list[dict[str, Any]] = []
    before: dict[tuple[str, str], str] = {}
    for publication in publications:
        details = publication.content()
        for mart, (mart_rows, checksum) in sorted(details["marts"].items()):
            last = before.get((details["engine"], mart))
            before[details["engine"], mart] = checksum
            rows.append(
                {
                    "audit_entry": publication.entry,
                    "mart": mart,
                    "published_at": _time(publication.recorded_at),
                    "published_rows": mart_rows,
                    "checksum": checksum,
                    "is_changed": None if last is None else last != checksum,
                    "invocation_id": details["invocation_id"],
                    "actor": publication.actor,
                    "code_version": details["code_version"],
                    "engine": details["engine"],
                    "audit_hash": publication.entry_hash,
                }
            )
    return rows


def _run(
    start: audit.Entry, details: dict[str, Any], end: audit.Entry | None, is_newest: bool, has_published: bool
) -> dict[str, Any]:
    ended = end.content() if end else {}
    counts: dict[str, int] = ended.get("counts", {})
    failures = sum(counts.get(status, 0) for status in FAILED)
    started_at, finished_at = _time(start.recorded_at), _time(end.recorded_at) if end else None
    selection = [f"--select {' '.join(details['select'])}"] if details["select"] else []
    selection += [f"--exclude {' '.join(details['exclude'])}"] if details["exclude"] else []
    selection += ["--full-refresh"] if details["full_refresh"] else []
    selection += [f"--vars {audit.canonical(details['vars'])}"] if details["vars"] else []
    without_end = "running" if is_newest else "interrupted"
    return {
        "invocation_id": details["invocation_id"],
        "started_at": started_at,
        "finished_at": finished_at,
        "run_status": ("failed" if failures else "succeeded") if end else without_end,
        "duration_seconds": (finished_at - started_at).total_seconds() if finished_at else None,
        "dbt_command": details["command"],
        "selection": " ".join(selection) or None,
        "dbt_target": details["target"],
        "actor": start.actor,
        "code_version": details["code_version"],
        "nodes_run": sum(counts.values()) if end else None,
        "nodes_failed": failures if end else None,
        "nodes_warned": counts.get("warn", 0) if end else None,
        "nodes_skipped": counts.get("skipped", 0) if end else None,
        "failed_nodes": ", ".join(ended.get("failed", [])) or None,
        "slowest_nodes": ", ".join(f"{name} {seconds} s" for name, seconds in ended.get("slowest", [])) or None,
        "has_published": has_published,
        "audit_entry": start.entry,
        "audit_hash": start.entry_hash,
    }


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
