"""The pictures of the page of the opportunities."""

from __future__ import annotations

from typing import Any

import altair as alt
import pyarrow as pa

from upswing.interface import figures
from upswing.interface.theme import BLACK, BLUE, GREEN, GREY, VERMILLION, finished
from upswing.interface.words import Words

MOST_LABELS = 8
"""With more visits than that, the first, the last, the highest and the lowest are labelled."""

SCORECARD_ROW = 24
"""Pixels of a sales rep in the scorecard."""

SHAPES_OF_DIRECTIONS = ["circle", "triangle-up", "triangle-down"]

REP_FORMATS = {
    "sales_rep_id": "",
    "judged_wins": ",.0f",
    "judged_opportunities": ",.0f",
    "expected_wins": ".1f",
    "expected_low": ".1f",
    "expected_high": ".1f",
}
"""What the scorecard draws of a sales rep, and how a tooltip writes it."""


def conversion_course(data: pa.Table, words: Words) -> Any:
    """The probability after each visit over time, each point telling whether the visit raised or lowered it.

    Args:
        data: what ``answers.conversion_course`` found, one row at least.
        words: of the opportunities.
    """
    courses = data.to_pylist()
    labelled = _labelled([row["conversion_probability"] for row in courses])
    directions = [words(f"course.{key}") for key in ("first", "raised", "lowered")]
    points = [
        {
            "visited_at": f"{row['visited_at']:%Y-%m-%dT%H:%M:%S}",
            "conversion_probability": row["conversion_probability"],
            "direction": directions[_direction(row["probability_change"])],
            "label": figures.percent(row["conversion_probability"]) if place in labelled else "",
            "visit_number": row["visit_number"],
            "sales_rep_id": row["sales_rep_id"],
            "day": figures.day(row["visited_at"]),
        }
        for place, row in enumerate(courses)
    ]
    base = alt.Chart(pa.Table.from_pylist(points)).encode(
        x=alt.X(
            "visited_at:T",
            title=None,
            axis=alt.Axis(format="%Y-%m-%d", labelOverlap=True, tickCount=8),
            scale=alt.Scale(padding=24),
        ),
        y=alt.Y(
            "conversion_probability:Q",
            title=words.column("conversion_probability"),
            axis=alt.Axis(format=".0%", tickCount=5),
            scale=alt.Scale(domain=[0, 1]),
        ),
    )
    line = base.mark_line(color=GREY, strokeWidth=2)
    marks = base.mark_point(size=110, opacity=1).encode(
        color=alt.Color("direction:N", scale=alt.Scale(domain=directions, range=[BLACK, BLUE, VERMILLION])),
        shape=alt.Shape("direction:N", scale=alt.Scale(domain=directions, range=SHAPES_OF_DIRECTIONS)),
        tooltip=[
            alt.Tooltip("visit_number:Q", title=words.column("visit_number")),
            alt.Tooltip("day:N", title=words.column("visited_at")),
            alt.Tooltip("sales_rep_id:N", title=words.column("sales_rep_id")),
            alt.Tooltip("conversion_probability:Q", title=words.column("conversion_probability"), format=".0%"),
        ],
    )
    text = base.mark_text(dy=-15, fontSize=12).encode(text="label:N")
    first, last = courses[0], courses[-1]
    description = words(
        "course.described",
        opportunity=first["opportunity_id"],
        visits=figures.count(len(courses)),
        first=figures.percent(first["conversion_probability"]),
        first_day=figures.day(first["visited_at"]),
        last=figures.percent(last["conversion_probability"]),
        last_day=figures.day(last["visited_at"]),
    )
    return finished(line + marks + text, description)


def _direction(change: float | None) -> int:
    return 0 if not change else 1 if change > 0 else 2


def _labelled(probabilities: list[float]) -> set[int]:
    places = range(len(probabilities))
    if len(probabilities) <= MOST_LABELS:
        return set(places)
    highest = max(places, key=probabilities.__getitem__)
    lowest = min(places, key=probabilities.__getitem__)
    return {0, len(probabilities) - 1, highest, lowest}


def value_by_probability(data: pa.Table, words: Words) -> Any:
    """The expected value in each tenth of the probability, with the number of its opportunities.

    Args:
        data: what ``answers.value_by_probability`` found, one row at least.
        words: of the opportunities.
    """
    tenths = data.to_pylist()
    bars = [
        {
            "band": _band(row["probability_from"]),
            "expected_value": row["expected_value"] or 0,
            "open_amount": row["open_amount"] or 0,
            "open_opportunities": row["open_opportunities"],
            "label": words("value_by_probability.label", deals=figures.count(row["open_opportunities"])),
        }
        for row in tenths
    ]
    base = alt.Chart(pa.Table.from_pylist(bars)).encode(
        x=alt.X(
            "band:N",
            title=words.column("conversion_probability"),
            axis=alt.Axis(labelAngle=0),
            sort=[bar["band"] for bar in bars],
        ),
        y=alt.Y("expected_value:Q", title=words.column("expected_value"), axis=alt.Axis(format=",.0f", tickCount=5)),
    )
    drawn = base.mark_bar(color=BLUE).encode(
        tooltip=[
            alt.Tooltip("band:N", title=words.column("conversion_probability")),
            alt.Tooltip("open_opportunities:Q", title=words.column("open_opportunities"), format=",.0f"),
            alt.Tooltip("open_amount:Q", title=words.column("open_amount"), format=",.0f"),
            alt.Tooltip("expected_value:Q", title=words.column("expected_value"), format=",.0f"),
        ]
    )
    text = base.mark_text(dy=-8, fontSize=12).encode(text="label:N")
    most = max(bars, key=lambda bar: bar["expected_value"])
    description = words(
        "value_by_probability.described",
        total=figures.count(sum(bar["expected_value"] for bar in bars)),
        deals=figures.count(sum(bar["open_opportunities"] for bar in bars)),
        band=most["band"],
        most=figures.count(most["expected_value"]),
        most_deals=figures.count(most["open_opportunities"]),
    )
    return finished(drawn + text, description)


def _band(start: float) -> str:
    return f"{100 * start:.0f}-{100 * start + 10:.0f} %"


def scorecard(data: pa.Table, words: Words) -> Any:
    """Each sales rep's wins as a mark beside the range of wins that chance explains.

    Args:
        data: what ``answers.scorecard`` found of sales reps with a judged opportunity, one row at least.
        words: of the opportunities.
    """
    judged = sorted(data.to_pylist(), key=lambda row: (-row["wins_above_expected"], row["sales_rep_id"]))
    standings = [words(f"scorecard.{key}") for key in ("above", "within", "below")]
    reps = [{**{key: row[key] for key in REP_FORMATS}, "standing": standings[_standing(row)]} for row in judged]
    tooltip = [
        alt.Tooltip(f"{key}:{'Q' if shown else 'N'}", title=words.column(key), format=shown)
        for key, shown in REP_FORMATS.items()
    ]
    order = [row["sales_rep_id"] for row in judged]
    base = alt.Chart(pa.Table.from_pylist(reps)).encode(
        y=alt.Y("sales_rep_id:N", title=None, sort=order, axis=alt.Axis(grid=False)), tooltip=tooltip
    )
    x = alt.X("expected_low:Q", title=words("scorecard.axis"), axis=alt.Axis(tickMinStep=1, format=".0f"))
    ranges = base.mark_bar(color="#d9d9d9", height=10, cornerRadius=3).encode(x=x, x2="expected_high:Q")
    expected = base.mark_tick(color=GREY, thickness=2, height=14).encode(x="expected_wins:Q")
    wins = base.mark_point(size=110, opacity=1).encode(
        x="judged_wins:Q",
        color=alt.Color("standing:N", scale=alt.Scale(domain=standings, range=[GREEN, BLACK, VERMILLION])),
        shape=alt.Shape(
            "standing:N", scale=alt.Scale(domain=standings, range=["triangle-up", "circle", "triangle-down"])
        ),
    )
    beyond = [row for row in judged if row["is_beyond_chance"]]
    description = words(
        "scorecard.described",
        reps=figures.count(len(judged)),
        above=figures.count(sum(row["wins_above_expected"] > 0 for row in beyond)),
        below=figures.count(sum(row["wins_above_expected"] < 0 for row in beyond)),
        first=order[0],
        wins=figures.count(judged[0]["judged_wins"]),
        expected=figures.amount(judged[0]["expected_wins"], 1),
    )
    return finished(ranges + expected + wins, description, height=SCORECARD_ROW * max(len(reps), 3))


def _standing(row: dict[str, Any]) -> int:
    return 1 if not row["is_beyond_chance"] else 0 if row["wins_above_expected"] > 0 else 2
