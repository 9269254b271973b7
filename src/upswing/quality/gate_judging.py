"""Judging tables by their suites: what a gate does within ``dbt build``, and ``upswing check`` without it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upswing.quality.expectations import PERSONAL, Expected, Reference, Suite, measures_query
from upswing.quality.expectations import marts as marts_suites
from upswing.quality.expectations import raw as raw_suites
from upswing.quality.expectations import staging as staging_suites
from upswing.quality.gate_drift import drift, profile
from upswing.quality.gate_results import NOT_JUDGED, Result, result_of
from upswing.quality.gate_tables import GateSettings, Table, columns_of

SAMPLE_ROWS = 5


def suites_of(session: Any, layer: str, references: Mapping[str, Reference]) -> Mapping[str, Suite]:
    """The suites of a layer, by table."""
    if layer == "raw":
        contracts = session.execute("select contract from raw.deliveries order by table_name").fetchall()
        return raw_suites.suites([json.loads(contract) for (contract,) in contracts], references)
    return staging_suites.SUITES if layer == "staging" else marts_suites.SUITES


def judged_words(layer: str) -> Mapping[str, set[str]] | None:
    """The words of the suite of each mart, its columns among them; None where a change of any column counts."""
    return {name: _words(suite) for name, suite in marts_suites.SUITES.items()} if layer == "marts" else None


def expectations_of(rows: int, suite: Suite, reference: Reference, settings: GateSettings) -> list[Expected]:
    """All that is expected of a table of so many rows; nothing where it has too few and never had more."""
    had = reference.values.get("rows", 0)
    if rows < settings.min_gate_rows:
        return [_rows(had, settings)] if had >= settings.min_gate_rows else []
    drifts = [
        drift(column, reference.profiles.get(f"{column}.drift"), settings.drift_warn_psi) for column in suite.drift
    ]
    return [_rows(had, settings), *suite.expectations, *drifts]


def judged(
    session: Any,
    tables: Sequence[Table],
    references: Mapping[str, Mapping[str, Reference]],
    settings: GateSettings,
    stamp: Mapping[str, Any],
    docs_folder: Path | None = None,
) -> list[Result]:
    """The results of all expectations of the tables, rows of :data:`upswing.quality.gate_results.RESULT_SCHEMA`.

    Args:
        session: a DuckDB connection; read-only is enough.
        tables: what is judged.
        references: of the last published run, by layer and table.
        settings: what the business decides.
        stamp: ``run_id``, ``reference_at`` and ``settings``.
        docs_folder: where Data Docs are written; None: nowhere.
    """
    # Temporary tables are seen by one connection alone, so that all is asked of this one.
    session = session.cursor()
    from_live = None
    results: list[Result] = []
    suites: dict[str, Mapping[str, Suite]] = {}
    for table in tables:
        if table.layer not in suites:
            suites[table.layer] = suites_of(session, table.layer, references.get(table.layer, {}))
        suite = suites[table.layer].get(table.name, Suite())
        schema = _copied(session, table, suite) if table.layer == "staging" else table.schema
        (rows,) = session.execute(f"select count(*) from {schema}.{table.relation}").fetchone()
        reference = references.get(table.layer, {}).get(table.name, Reference())
        expectations = expectations_of(rows, suite, reference, settings)
        if expectations:
            if from_live is None:
                from upswing.quality.gate_live import Judge

                from_live = Judge(session, docs_folder)
            found = from_live.judge(table, schema, expectations, measures_query(expectations))
            of_table = [_with_rows(session, table, rows, schema, suite, expected, found) for expected in expectations]
        else:
            of_table = [_not_judged(rows, settings)]
        if schema != table.schema:
            session.execute(f"drop table {schema}.{table.relation}")
        stamped = dict(stamp) | {"checked_at": datetime.now(UTC).replace(tzinfo=None)}
        results += [result | _place(table) | stamped for result in of_table]
    if from_live is not None:
        if docs_folder is not None:
            from_live.write_docs()
        from_live.close()
    return results


def _rows(had: float, settings: GateSettings) -> Expected:
    if had < settings.min_gate_rows:
        return Expected("rows", "the table has rows", minimum=1, unit="rows")
    change = settings.rows_change_warn_share
    return Expected(
        "rows",
        f"the number of rows is about that of the last published run, {had:,.0f}",
        minimum=round(had * (1 - change)),
        maximum=round(had / (1 - change)) if change < 1 else None,
        error_minimum=1,
        unit="rows",
    )


def _words(suite: Suite) -> set[str]:
    texts = [f"{expected.column} {expected.formula}" for expected in suite.expectations]
    return set(re.findall(r"\w+", " ".join([*texts, *suite.drift])))


def _copied(session: Any, table: Table, suite: Suite) -> str:
    """The schema of a temporary copy of the columns that are judged: a view would be computed for each query."""
    words = _words(suite)
    columns = [column for (column, _) in columns_of(session, table.schema, table.relation) if column in words]
    session.execute(
        f"create or replace temp table {table.relation} as select {', '.join(columns) or '1 as one'} "
        f"from {table.schema}.{table.relation}"
    )
    return "temp"


def _with_rows(
    session: Any,
    table: Table,
    rows: int,
    schema: str,
    suite: Suite,
    expected: Expected,
    found: Mapping[str, Mapping[str, Any]],
) -> Result:
    """A result with a sample of the rows that break it, and with the distribution of a column that may drift."""
    result = result_of(expected, found[expected.expectation_id], rows)
    result |= {"sample_rows": None, "profile": None}
    relation = f"{table.schema}.{table.relation}"
    if expected.kind == "drift":
        data_type = dict(columns_of(session, table.schema, table.relation))[str(expected.column)]
        result["profile"] = profile(session, f"{schema}.{table.relation}", str(expected.column), data_type)
    if not result["success"] and expected.broken:
        named = [*suite.keys, *([expected.column] if expected.column else [])]
        shown = [name for name in dict.fromkeys(named) if name not in PERSONAL]
        if shown:
            query = f"select {', '.join(shown)} from {relation} where {expected.broken} limit {SAMPLE_ROWS}"
            sample = session.execute(query).to_arrow_table().to_pylist()
            result["sample_rows"] = json.dumps(sample, ensure_ascii=False, default=str)
    return result


def _not_judged(rows: int, settings: GateSettings) -> Result:
    return {
        "expectation_id": NOT_JUDGED,
        "column_name": None,
        "expectation": f"not judged: the table has fewer than {settings.min_gate_rows:,} rows (var min_gate_rows)",
        "severity": "warn",
        "success": None,
        "observed": f"{rows:,}",
        "expected": f"at least {settings.min_gate_rows:,}",
        "observed_value": float(rows),
        "unexpected_rows": None,
        "checked_rows": rows,
        "sample_rows": None,
        "profile": None,
    }


def _place(table: Table) -> Result:
    return {
        "layer": table.layer,
        "table_name": table.name,
        "owner": table.owner,
        "protected_marts": table.protected_marts,
        "content": table.content,
    }
