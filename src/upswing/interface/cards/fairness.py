"""Whether a model errs more for some groups than for others, in words and tables."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from upswing.interface import figures
from upswing.interface.cards.tables import interval, number, table

ERRORS = {
    "calibration_gap": "predicted less observed",
    "roc_auc": "ROC-AUC",
    "wape": "absolute error over spend",
    "ndcg_at_10": "NDCG@10",
    "hit_rate_at_10": "hit rate@10",
}
"""Figures in which a group that differs is served worse or better. What it does (observed) may differ rightly."""

PEOPLE = ("age_band", "gender", "region", "income_band", "household_size")

Rows = list[dict[str, Any]]


def compared_columns(rows: Rows) -> list[str]:
    """Columns of which at least two groups were compared."""
    return sorted({row["slice_column"] for row in rows if row["metric"] != "subjects"})


def unknown_columns(rows: Rows) -> list[str]:
    """Columns of which the held-out rows know one group alone."""
    return sorted({row["slice_column"] for row in rows} - set(compared_columns(rows)))


def summary(rows: Rows) -> str:
    """One sentence: how many comparisons there are, and where groups differ by more than chance."""
    judged = [row for row in rows if row["metric"] in ERRORS and row["is_apart"] is not None]
    if not judged:
        return "No group was compared."
    apart = [row for row in judged if row["is_apart"]]
    told = f"{len(judged)} comparisons of a group with all others ({', '.join(compared_columns(rows))}): "
    if not apart:
        return told + "none differs by more than chance."
    found = sorted(apart, key=lambda row: -abs(row["gap"]))
    named = "; ".join(
        f"{row['target']}, {row['slice_column']} {row['slice_value']}: {ERRORS[row['metric']]} {number(row['value'])} "
        f"against {number(row['value_of_others'])} ({interval(row['gap_lower'], row['gap_upper'])})"
        for row in found[:5]
    )
    more = f"; and {len(found) - 5} more in the tables" if len(found) > 5 else ""
    return f"{told}**{len(apart)} {'differs' if len(apart) == 1 else 'differ'} by more than chance**: {named}{more}."


def sections(rows: Rows) -> list[str]:
    """A table for each target and column that was compared."""
    found: dict[tuple[str, str, str], Rows] = defaultdict(list)
    for row in rows:
        if row["metric"] != "subjects":
            found[row["split"], row["target"], row["slice_column"]].append(row)
    return [f"**{target} by {column}**\n\n{_table(of_column)}" for (_split, target, column), of_column in found.items()]


def _table(rows: Rows) -> str:
    groups: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        groups[row["slice_value"]][row["metric"]] = row
    behaviour = [name for name in ("observed_rate", "observed_mean") if any(name in group for group in groups.values())]
    errors = [name for name in ERRORS if any(name in group for group in groups.values())]
    heads = ["group", "rows", *behaviour]
    for name in errors:
        heads += [ERRORS[name], "gap to all others"]
    lines = []
    for value, group in groups.items():
        sizes = next(iter(group.values()))
        called = f"({sizes['pooled_groups']} small groups)" if sizes["pooled_groups"] else value
        line = [called, figures.count(sizes["slice_rows"])]
        line += [number(group[name]["value"]) for name in behaviour]
        for name in errors:
            figure = group.get(name)
            gap = interval(figure["gap_lower"], figure["gap_upper"]) if figure else figures.MISSING
            line += [
                number(figure["value"]) if figure else figures.MISSING,
                f"**{gap}**" if figure and figure["is_apart"] else gap,
            ]
        lines.append(line)
    return table(heads, lines)
