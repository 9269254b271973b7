"""What the charts of the marketing page share: a row a thing, with its interval."""

from __future__ import annotations

from collections import Counter
from typing import Any

import altair as alt

from upswing.interface import theme
from upswing.interface.words import Words

Row = dict[str, Any]


Looks = dict[str, tuple[str, str]]
"""Of each kind of thing the colour and the shape, in the order of the legend."""


ROW_HEIGHT = 34
"""Pixels of a line of a chart that has a line a row."""


def intervals(
    rows: list[Row],
    looks: Looks,
    title: str,
    description: str,
    *,
    tooltip: list[tuple[str, str]],
    words: Words,
    zero: bool = False,
    axis_format: str = "~g",
) -> Any:
    """A point, its interval and its figure for each row of ``label, kind, value, lower, upper, text``."""
    present = {kind: look for kind, look in looks.items() if any(row["kind"] == kind for row in rows)}
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y(
            "label:N",
            sort=[row["label"] for row in rows],
            title=None,
            axis=alt.Axis(labelLimit=300, labelExpr=r"split(datum.label, '\n')"),
        ),
        tooltip=tooltips(words, *tooltip),
    )
    colour = alt.Color(
        "kind:N", scale=alt.Scale(domain=list(present), range=[colour for colour, _ in present.values()])
    )
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=list(present), range=[mark for _, mark in present.values()]))
    lowest, highest = _span(rows, zero=zero)
    # A fifth more to the right: the figures stand there.
    scale = alt.Scale(domain=[lowest, highest + (highest - lowest) / 5], nice=False)
    across = alt.X("lower:Q", title=title, scale=scale, axis=alt.Axis(format=axis_format, tickCount=6))
    layers = [
        base.mark_rule(strokeWidth=3, opacity=0.55).encode(x=across, x2="upper:Q", color=colour),
        base.mark_point(filled=True, size=110, opacity=1).encode(
            x=alt.X("value:Q", scale=scale), color=colour, shape=shape
        ),
        base.mark_text(align="left", dx=8, fontSize=11, color="#333333").encode(
            x=alt.X("upper:Q", scale=scale), text="text:N"
        ),
    ]
    if zero:
        line = alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(color="#8c8c8c", strokeDash=[4, 4])
        layers.insert(0, line.encode(x=alt.X("zero:Q", scale=scale)))
    return theme.finished(alt.layer(*layers), description, height=height_of(len(rows)))


def _span(rows: list[Row], *, zero: bool) -> tuple[float, float]:
    ends = [row[end] for row in rows for end in ("lower", "upper")] + [0.0] * zero
    lowest, highest = min(ends, default=0.0), max(ends, default=1.0)
    room = (highest - lowest) / 20 or 0.5
    return (lowest - room if lowest < 0 or zero else max(lowest - room, 0.0)), highest + room


def padded(rows: list[Row]) -> alt.Scale:
    """Room above and below bars for their figures."""
    factors = [row["factor"] for row in rows] + [0.0]
    room = (max(factors) - min(factors)) / 7 or 0.1
    return alt.Scale(domain=[min(factors) - room, max(factors) + room], nice=False)


def bounds(row: Row, value: str, lower: str, upper: str) -> tuple[float, float]:
    """The interval of a row, or the value alone where too little is known for one."""
    return (
        row[value] if row[lower] is None else row[lower],
        row[value] if row[upper] is None else row[upper],
    )


def unlike(labels: list[str], ids: list[str]) -> list[str]:
    """Labels that differ: those that stand more than once have their id behind."""
    often = Counter(labels)
    return [f"{label} ({own})" if often[label] > 1 else label for label, own in zip(labels, ids, strict=True)]


def one_line(label: str) -> str:
    """A label without its breaks of lines."""
    return " ".join(label.split())


def tooltips(words: Words, *columns: tuple[str, str]) -> list[alt.Tooltip]:
    """Tooltips of text: the field, and the column of which it has its name (none: that of what it is about)."""
    return [
        alt.Tooltip(f"{field}:N", title=words.column(column) if column else words("tooltip.about"))
        for field, column in columns
    ]


def height_of(rows: int) -> int:
    """Pixels of a chart of so many rows."""
    return max(150, ROW_HEIGHT * rows + 60)
