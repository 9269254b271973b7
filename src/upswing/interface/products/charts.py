"""The pictures of the page of products: launches, surge weeks, what surged, and what broke out in the past."""

from __future__ import annotations

import json
from typing import Any

import altair as alt
import pyarrow as pa

from upswing.interface import figures, theme
from upswing.interface.weeks import moment, week_axis, with_moments
from upswing.interface.words import Words

WEEK = 7 * 24 * 60 * 60 * 1000
"""Milliseconds."""

HALO: dict[str, Any] = {"color": "white", "stroke": "white", "strokeWidth": 4}
"""Of a text drawn twice, so that it can be read across a line."""


def launch_course(data: pa.Table, words: Words) -> Any:
    """Natural units by week of life: the product, its positive weeks by shape, E, its nearest analogs, their median.

    Args:
        data: what ``answers.launch_course`` finds.
        words: of the room ``products``.
    """
    rows = data.to_pylist()
    own = [row for row in rows if row["course"] == "product"]
    expected = own[0]["expected_units"] if own else None
    names = {course: words(f"launch_course.{course}") for course in ("product", "median", "analog")}
    states = {True: words("launch_course.positive"), False: words("launch_course.other_week")}
    shown = data.append_column("name", pa.array([names[row["course"]] for row in rows], pa.string())).append_column(
        "state", pa.array([states[bool(row["is_positive"])] for row in rows], pa.string())
    )
    colours = alt.Scale(domain=list(names.values()), range=[theme.BLUE, theme.VERMILLION, "#a6a6a6"])
    dashes = alt.Scale(domain=list(names.values()), range=[[1, 0], [6, 3], [1, 0]])
    base = alt.Chart(shown).encode(
        x=alt.X(
            "week_of_life:Q",
            title=words.column("week_of_life"),
            axis=alt.Axis(format="d", tickMinStep=1, grid=False),
            scale=alt.Scale(nice=False, padding=10),
        ),
        y=alt.Y("natural_units:Q", title=words("launch_course.units")),
    )
    tooltip = [
        alt.Tooltip("product_name:N", title=words.column("product_name")),
        alt.Tooltip("week_of_life:Q", title=words.column("week_of_life")),
        alt.Tooltip("natural_units:Q", title=words.column("natural_units"), format=",.1f"),
    ]
    kinds = {
        "color": alt.Color("name:N", scale=colours),
        "strokeDash": alt.StrokeDash("name:N", scale=dashes),
    }
    analogs = base.transform_filter("datum.course == 'analog'").mark_line(strokeWidth=1)
    layers = [
        analogs.encode(detail="product_id:N", tooltip=tooltip, **kinds),
        base.transform_filter("datum.course == 'median'").mark_line(strokeWidth=2).encode(tooltip=tooltip[1:], **kinds),
        base.transform_filter("datum.course == 'product'").mark_line(strokeJoin="round").encode(**kinds),
        base.transform_filter("datum.course == 'product'")
        .mark_point(size=80, opacity=1, filled=True, color=theme.BLUE)
        .encode(
            shape=alt.Shape("state:N", scale=alt.Scale(domain=list(states.values()), range=["triangle-up", "circle"])),
            tooltip=[*tooltip, alt.Tooltip("state:N", title=words.column("is_positive"))],
        ),
    ]
    if expected is not None:
        line = alt.Chart(pa.table({"expected_units": [float(expected)]})).encode(y="expected_units:Q")
        told = json.dumps(words("launch_course.expected", units=figures.amount(expected, 1)))
        layers += [
            line.mark_rule(color=theme.BLACK, strokeDash=[2, 2], strokeWidth=1.5),
            *(
                line.transform_calculate(told=told)
                .mark_text(align="right", baseline="bottom", dy=-3, fontSize=12, **look)
                .encode(x=alt.value("width"), text="told:N")
                for look in (HALO, {"color": theme.BLACK})
            ),
        ]
    peak = max(own, key=lambda row: float(row["natural_units"]), default=None)
    return theme.finished(
        alt.layer(*layers).resolve_scale(shape="independent"),
        words(
            "launch_course.described",
            weeks=len(own),
            positive=sum(bool(row["is_positive"]) for row in own),
            expected=figures.amount(expected, 1),
            most=figures.count(peak["natural_units"] if peak else None),
            peak=peak["week_of_life"] if peak else figures.MISSING,
            analogs=len({row["product_id"] for row in rows if row["course"] == "analog"}),
        ),
    )


def surge_course(data: pa.Table, words: Words) -> Any:
    """How likely each week after the launch window surges; surge weeks told by colour and a mark, windows as bands.

    Args:
        data: what ``answers.surge_course`` finds.
        words: of the room ``products``.
    """
    rows = data.to_pylist()
    surge, other = words("surge_course.surge"), words("surge_course.other_week")
    windows = sorted({(row["promote_from"], row["promote_until"]) for row in rows if row["promote_from"] is not None})
    spans = [words("surge_course.span", first=figures.day(first), last=figures.day(last)) for first, last in windows]
    starts = [moment(row["week_starting"]) or 0.0 for row in rows]
    shown = with_moments(data, "week_starting")
    shown = shown.append_column("week_ends", pa.array([start + 0.85 * WEEK for start in starts], pa.float64()))
    shown = shown.append_column("middle", pa.array([start + 0.425 * WEEK for start in starts], pa.float64()))
    shown = shown.append_column(
        "state", pa.array([surge if row["is_surge"] else other for row in rows], pa.string())
    ).append_column("past", pa.array([0.45 if not row["is_upcoming"] else 1.0 for row in rows], pa.float64()))
    band = pa.table(
        {
            "promote_from": pa.array([moment(first) for first, _ in windows], pa.float64()),
            "until": pa.array([(moment(last) or 0.0) + WEEK / 7 for _, last in windows], pa.float64()),
            "told": pa.array(spans, pa.string()),
        }
    )
    legend = words("surge_course.window")
    scale = alt.Scale(domain=[surge, other, legend], range=[theme.VERMILLION, theme.SKY, "#fbe7b8"])
    x = week_axis("week_starting", words.column("week_starting"))
    bars = alt.Chart(shown).encode(
        tooltip=[
            alt.Tooltip("week_starting_day:N", title=words.column("week_starting")),
            alt.Tooltip("week_of_life:Q", title=words.column("week_of_life")),
            alt.Tooltip("surge_probability:Q", title=words.column("surge_probability"), format=".0%"),
            alt.Tooltip("state:N", title=words.column("is_surge")),
        ]
    )
    height = alt.Y("surge_probability:Q", title=words.column("surge_probability"), axis=alt.Axis(format=".0%"))
    promoted = (
        alt.Chart(band)
        .transform_calculate(state=json.dumps(legend))
        .mark_rect()
        .encode(
            x=week_axis("promote_from", words.column("week_starting")),
            x2="until",
            color=alt.Color("state:N", scale=scale),
            tooltip=alt.Tooltip("told:N", title=legend),
        )
    )
    weeks = bars.mark_rect().encode(
        x=x,
        x2="week_ends",
        y=height,
        y2=alt.datum(0),
        color=alt.Color("state:N", scale=scale),
        opacity=alt.Opacity("past:Q", scale=None),
    )
    surges = (
        bars.transform_filter("datum.is_surge")
        .mark_point(shape="triangle-up", filled=True, size=60, color=theme.BLACK, opacity=1, yOffset=-7)
        .encode(x=week_axis("middle", words.column("week_starting")), y=height)
    )
    # A layer without a mark is a picture without a name to a screen reader.
    has_surges = any(row["is_surge"] for row in rows)
    layers = [*([promoted] if windows else []), weeks, *([surges] if has_surges else [])]
    upcoming = [row for row in rows if row["is_upcoming"] and row["is_surge"]]
    highest = max(rows, key=lambda row: float(row["surge_probability"]), default=None)
    return theme.finished(
        alt.layer(*layers),
        words(
            "surge_course.described",
            weeks=len(rows),
            upcoming=len(upcoming),
            highest=figures.percent(highest["surge_probability"] if highest else None),
            peak=figures.day(highest["week_starting"] if highest else None),
            windows="; ".join(spans) or figures.MISSING,
        ),
    )


def surged_last_week(data: pa.Table, words: Words) -> Any:
    """Natural units of the products that beat E in the newest whole week, E as a tick on each bar.

    Args:
        data: what ``answers.surged_last_week`` finds.
        words: of the room ``products``.
    """
    rows = data.to_pylist()
    known = [row["product_name"] for row in rows]
    named = [
        name if name and known.count(name) == 1 else f"{name or ''} ({row['product_id']})".strip()
        for name, row in zip(known, rows, strict=True)
    ]
    units, expected = words.column("natural_units"), words.column("expected_units")
    shown = data.append_column("name", pa.array(named, pa.string()))
    colours = alt.Scale(domain=[units, expected], range=[theme.SKY, theme.BLACK])
    base = alt.Chart(shown).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(grid=False, ticks=False, domain=False)),
        tooltip=[
            alt.Tooltip("name:N", title=words.column("product_name")),
            alt.Tooltip("category:N", title=words.column("category")),
            alt.Tooltip("natural_units:Q", title=units, format=",.0f"),
            alt.Tooltip("expected_units:Q", title=expected, format=",.1f"),
        ],
    )
    room = alt.Scale(domain=[0, 1.1 * max((row["natural_units"] for row in rows), default=1)], nice=False)
    x = alt.X("natural_units:Q", title=words("launch_course.units"), scale=room)
    first = rows[0] if rows else None
    return theme.finished(
        alt.layer(
            base.transform_calculate(what=json.dumps(units))
            .mark_bar()
            .encode(x=x, color=alt.Color("what:N", scale=colours)),
            base.transform_calculate(what=json.dumps(expected))
            .mark_tick(thickness=3, height=18)
            .encode(x="expected_units:Q", color=alt.Color("what:N", scale=colours)),
            base.mark_text(align="left", dx=4, color="#333333").encode(
                x=x, text=alt.Text("natural_units:Q", format=",.0f")
            ),
        ),
        words(
            "surged_last_week.described",
            products=len(rows),
            week=figures.day(first["week_starting"] if first else None),
            first=named[0] if named else figures.MISSING,
            units=figures.count(first["natural_units"] if first else None),
            expected=figures.amount(first["expected_units"] if first else None, 1),
        ),
        height=60 + 30 * max(1, len(rows)),
    )


def history_by_category(data: pa.Table, words: Words) -> Any:
    """The share of a category's historical launches that broke out, beside that of all launches.

    Args:
        data: what ``answers.history_by_category`` finds.
        words: of the room ``products``.
    """
    rows = sorted(data.to_pylist(), key=lambda row: -float(row["breakout_share"]))
    told = [
        words("history_by_category.label", share=figures.percent(row["breakout_share"]), **_counts(row)) for row in rows
    ]
    shown = pa.Table.from_pylist(rows, schema=data.schema).append_column("told", pa.array(told, pa.string()))
    bars = alt.Chart(shown).encode(
        y=alt.Y("category:N", sort=None, title=None, axis=alt.Axis(grid=False, ticks=False, domain=False)),
        x=alt.X(
            "breakout_share:Q",
            title=words.column("breakout_share"),
            axis=alt.Axis(format=".0%"),
            scale=alt.Scale(domain=[0, 1.3 * max((row["breakout_share"] for row in rows), default=1) or 1], nice=False),
        ),
        tooltip=[
            alt.Tooltip("category:N", title=words.column("category")),
            alt.Tooltip("told:N", title=words.column("breakout_share")),
            alt.Tooltip("expected_units:Q", title=words.column("expected_units"), format=",.1f"),
            alt.Tooltip("median_increment:Q", title=words.column("median_increment"), format=",.1f"),
        ],
    )
    usual = rows[0]["usual_breakout_share"] if rows else None
    line = alt.Chart(pa.table({"usual": pa.array([] if usual is None else [usual], pa.float64())})).encode(x="usual:Q")
    said = json.dumps(words("history_by_category.usual", share=figures.percent(usual)))
    return theme.finished(
        alt.layer(
            bars.mark_bar(color=theme.BLUE),
            line.mark_rule(color=theme.VERMILLION, strokeDash=[6, 3], strokeWidth=2),
            bars.mark_text(align="left", dx=4, **HALO).encode(text="told:N"),
            bars.mark_text(align="left", dx=4, color="#333333").encode(text="told:N"),
            line.transform_calculate(said=said)
            .mark_text(align="left", baseline="bottom", dx=2, dy=-2, color="#333333")
            .encode(y=alt.value(0), text="said:N"),
        ),
        words(
            "history_by_category.described",
            categories=len(rows),
            usual=figures.percent(usual),
            first=rows[0]["category"] if rows else figures.MISSING,
            most=figures.percent(rows[0]["breakout_share"] if rows else None),
            last=rows[-1]["category"] if rows else figures.MISSING,
            least=figures.percent(rows[-1]["breakout_share"] if rows else None),
        ),
        height=60 + 26 * max(1, len(rows)),
    )


def _counts(row: dict[str, Any]) -> dict[str, str]:
    return {"breakouts": figures.count(row["breakouts"]), "launches": figures.count(row["launches"])}
