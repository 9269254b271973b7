"""The gates between the layers: what a failure is, what is kept, and what stops the build.

A gate is an append-only dbt model: a row per table and expectation, of each run in which the table was judged. A table
whose content is what it was when it was judged is not judged again: its results stand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from upswing import engine
from upswing.fits import source_hash
from upswing.quality.gate_judging import judged, judged_words
from upswing.quality.gate_results import RESULT_SCHEMA, Result, failures, told
from upswing.quality.gate_tables import GateSettings, newest_results, published_at, references, tables_of
from upswing.user_errors import UserError

SHOWN_FAILURES = 20


class GateError(UserError):
    """Tables that are not what is expected of them; nothing downstream is built and nothing is published."""


def run_gate(
    dbt: Any, session: Any, layer: str, tables: Mapping[str, Any], invocation: Any, given: Mapping[str, Any]
) -> pa.Table:
    """Judge the tables at a border, as a dbt Python model.

    Args:
        dbt: the model's.
        session: the build's connection to DuckDB.
        layer: ``raw``, ``staging`` or ``marts``.
        tables: relations by the name of the raw table or mart.
        invocation: relation of the dbt command that runs, one row.
        given: the values of :class:`upswing.quality.gate_tables.GateSettings`.

    Returns:
        New rows of :data:`upswing.quality.gate_results.RESULT_SCHEMA`; none where all stands as it was judged.

    Raises:
        GateError: at an error-level failure, unless the var ``gates`` is ``warn``. The rows are kept all the same.
    """
    settings = GateSettings(**given)
    if settings.gates == "off":
        return RESULT_SCHEMA.empty_table()
    (running,) = engine.read(invocation).to_pylist()
    results = str(dbt.this)
    if engine.is_spark(session):
        return _not_on_spark(session, layer, tables, running["invocation_id"], results if dbt.is_incremental else None)
    cursor = session.cursor()
    try:
        stands = dbt.is_incremental
        found, standing = results_now(cursor, layer, tables, settings, running["invocation_id"], results, stands)
        rows = pa.Table.from_pylist(found, schema=RESULT_SCHEMA)
        failed = failures([*found, *standing], "error")
        if failed and settings.gates == "stop":
            # dbt keeps no rows of a model that fails; these are what a person needs now.
            cursor.execute(f"create table if not exists {results} as select * from rows limit 0")
            cursor.execute(f"insert into {results} by name select * from rows")
            raise GateError(refusal(layer, failed))
    finally:
        cursor.close()
    for failure in failures([*found, *standing]):
        print(told(failure))
    return rows


def results_now(
    session: Any,
    layer: str,
    names: Iterable[str],
    settings: GateSettings,
    run_id: str,
    results: str,
    stands: bool,
) -> tuple[list[Result], list[Result]]:
    """New results of the tables that changed, and the standing ones of those that did not.

    Args:
        session: a DuckDB connection.
        layer: ``raw``, ``staging`` or ``marts``.
        names: of the tables.
        settings: what the business decides.
        run_id: of this run.
        results: the table of earlier results, with its schema.
        stands: whether it is there.
    """
    judged_by = replace(settings, gates="stop")
    kept_with = json.dumps([judged_by.to_json(), source_hash("upswing.quality.gate_judging")])
    earlier = newest_results(session, results).to_pylist() if stands else []
    told_before = max((row["reference_at"] for row in earlier if row["reference_at"] is not None), default=None)
    reference_at = published_at(session, results.replace('"', "").split(".")[-2], told_before)
    standing_by_table: dict[str, list[Result]] = {}
    for row in earlier:
        standing_by_table.setdefault(row["table_name"], []).append(row)
    found_tables = tables_of(session, layer, names, judged_words(layer))
    changed, kept = [], []
    for table in found_tables:
        standing = standing_by_table.get(table.name, [])
        is_same = bool(standing) and standing[0]["content"] == table.content and standing[0]["settings"] == kept_with
        # What stopped a build is judged again: it may be compared with another publication by now.
        if is_same and not failures(standing, "error"):
            kept += standing
        else:
            changed.append(table)
    known = newest_results(session, results, reference_at).to_pylist() if stands and reference_at is not None else []
    stamp = {"run_id": run_id, "reference_at": reference_at, "settings": kept_with}
    return judged(session, changed, {layer: references(known)}, settings, stamp), kept


def refusal(layer: str, failed: list[Result]) -> str:
    """Why a gate lets nothing through, and what to do."""
    more = [f"... and {len(failed) - SHOWN_FAILURES} more"] if len(failed) > SHOWN_FAILURES else []
    return "\n".join(
        [
            f"the {layer} gate lets nothing through: {len(failed)} of its expectations failed at the level error.",
            *[told(failure) for failure in failed[:SHOWN_FAILURES]],
            *more,
            f"Nothing is published. Look at all of it: upswing check --layer {layer}. Mend the delivery, build again; "
            "if the data is right as it is, let it through once: dbt build --vars '{gates: warn}'",
        ]
    )


def _not_on_spark(session: Any, layer: str, tables: Mapping[str, Any], run_id: str, results: str | None) -> pa.Table:
    """A row a table that says that it was not judged, once."""
    known = engine.read(session.sql(f"select table_name from {results}")) if results is not None else None
    names = sorted(set(tables) - set(known["table_name"].to_pylist() if known is not None else []))
    rows = [
        {
            "run_id": run_id,
            "layer": layer,
            "table_name": name,
            "expectation_id": "not_judged",
            "expectation": "not judged: the gates are run on DuckDB alone",
            "severity": "warn",
            "owner": "not named",
            "protected_marts": "",
        }
        for name in names
    ]
    stamp = {"checked_at": datetime.now(UTC).replace(tzinfo=None)}
    return pa.Table.from_pylist([row | stamp for row in rows], schema=RESULT_SCHEMA)
