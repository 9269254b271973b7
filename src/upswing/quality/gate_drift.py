"""How far a column has drifted: the population stability index against a profile that an earlier run left.

PSI = sum over bins of (now - then) * ln(now / then). Below 0.1 nothing moved, from 0.25 on much did. Bins are the
tenths of the earlier run, or its most frequent values; null is a bin of its own. All is counted by the engine.
"""

from __future__ import annotations

import json
from typing import Any

from upswing.quality.expectations import Expected

BINS = 10
MOST_VALUES = 20
FLOOR = 1e-4
"""The share that an empty bin counts as: the index of a value that was never there stays finite."""

NUMBERS = frozenset({"BIGINT", "DOUBLE", "FLOAT", "HUGEINT", "INTEGER"})


def profile(session: Any, table: str, column: str, data_type: str) -> str:
    """The distribution of a column as JSON: ``edges`` or ``values``, the share of each bin, and the number of rows.

    Args:
        session: a DuckDB connection.
        table: with its schema.
        column: its name.
        data_type: as DuckDB names it; numbers are put into tenths, all else is counted by value.
    """
    if data_type in NUMBERS:
        tenths = ", ".join(str(place / BINS) for place in range(1, BINS))
        (found,) = session.execute(
            f"select quantile_cont(cast({column} as double), [{tenths}]) from {table}"
        ).fetchone()
        described: dict[str, Any] = {"edges": sorted({round(edge, 9) for edge in found or []})}
    else:
        counted = session.execute(
            f"select cast({column} as varchar) as value from {table} where {column} is not null "
            f"group by value order by count(*) desc, value limit {MOST_VALUES}"
        )
        described = {"values": [value for (value,) in counted.fetchall()]}
    rows = session.execute(f"select {_bin(column, described)} as bin, count(*) from {table} group by bin").fetchall()
    total = sum(count for _, count in rows)
    described["shares"] = {str(place): count / total for place, count in sorted(rows)}
    return json.dumps(described | {"rows": total}, ensure_ascii=False)


def drift(column: str, earlier: str | None, warn_psi: float) -> Expected:
    """The expectation that a column is distributed as it was.

    Args:
        column: its name.
        earlier: what :func:`profile` returned in the last published run; None: nothing to compare with, no bound.
        warn_psi: the index from which the drift is a warning.
    """
    words = f"{column} is distributed as in the last published run (PSI at most {warn_psi:g})"
    if earlier is None:
        query = "select cast(null as double) as drift from (select count(*) from {batch}) as counted"
        return Expected("drift", words, column, query=query, unit="psi")
    described = json.loads(earlier)
    shares = ", ".join(f"({place}, {share})" for place, share in described["shares"].items())
    # Braces are doubled, for Great Expectations puts the table where it finds one.
    binned = _bin(column, described).replace("{", "{{").replace("}", "}}")
    query = (
        f"with counted as (select {binned} as bin, count(*) as counted from {{batch}} group by bin), "
        "now as (select bin, counted / sum(counted) over () as share from counted), "
        f"earlier as (select * from (values {shares}) as shares(bin, share)), "
        f"both_runs as (select greatest(coalesce(now.share, 0), {FLOOR}) as share, "
        f"greatest(coalesce(earlier.share, 0), {FLOOR}) as share_before "
        "from now full join earlier on now.bin = earlier.bin) "
        "select sum((share - share_before) * ln(share / share_before)) as drift from both_runs"
    )
    return Expected("drift", words, column, maximum=warn_psi, query=query, unit="psi")


def _bin(column: str, described: dict[str, Any]) -> str:
    """SQL of the bin of a value: -1 for null, then from 0 up."""
    if "edges" in described:
        tests = [f"{column} <= {edge}" for edge in described["edges"]]
    else:
        tests = [f"cast({column} as varchar) = {_quoted(value)}" for value in described["values"]]
    cases = " ".join(f"when {test} then {place}" for place, test in enumerate(tests))
    return f"case when {column} is null then -1 {cases} else {len(tests)} end"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
