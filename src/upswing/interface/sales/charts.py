"""The pictures of the page of sales: forecasts, how far to trust them, and anomalies."""

from __future__ import annotations

import json
from typing import Any

import altair as alt
import pyarrow as pa

from upswing.interface import figures, theme
from upswing.interface.weeks import week_axis, with_moments
from upswing.interface.words import Words

BASELINES = ("seasonal_naive", "moving_average")
"""The competitors that a manager could reckon by hand."""


def forecast_course(data: pa.Table, words: Words) -> Any:
    """Net revenue by week: what was, then the forecast within its bounds of 80 and 95 %.

    Args:
        data: what ``answers.forecast_course`` finds.
        words: of the room ``sales``.
    """
    names = [words(f"forecast_course.{name}") for name in ("actual", "forecast", "band_80", "band_95")]
    colours = alt.Scale(domain=names, range=[theme.BLUE, theme.VERMILLION, "#f0b28a", "#f9dfcd"])
    week = words.column("week_starting")
    base = alt.Chart(with_moments(data, "week_starting")).encode(x=week_axis("week_starting", week))

    def band(width: int, name: str) -> Any:
        return (
            base.transform_calculate(course=json.dumps(name))
            .mark_area()
            .encode(
                y=alt.Y(f"lower_{width}:Q", title=words("net_revenue_a_week"), scale=alt.Scale(zero=False)),
                y2=f"upper_{width}:Q",
                color=alt.Color("course:N", scale=colours),
            )
        )

    def course(column: str, name: str, dash: list[int], shape: str) -> Any:
        bounds = ["lower_80", "upper_80", "lower_95", "upper_95"] if column == "forecast" else []
        line = base.transform_calculate(course=json.dumps(name)).mark_line(
            strokeDash=dash, strokeJoin="round", point=alt.OverlayMarkDef(shape=shape, size=28)
        )
        return line.encode(
            y=alt.Y(f"{column}:Q"),
            color=alt.Color("course:N", scale=colours),
            tooltip=[
                alt.Tooltip("week_starting_day:N", title=week),
                alt.Tooltip(f"{column}:Q", title=name, format=",.0f"),
                *(alt.Tooltip(f"{bound}:Q", title=words.column(bound), format=",.0f") for bound in bounds),
            ],
        )

    ahead = [row for row in data.to_pylist() if row["forecast"] is not None]
    return theme.finished(
        alt.layer(
            band(95, names[3]),
            band(80, names[2]),
            course("actual", names[0], [1, 0], "circle"),
            course("forecast", names[1], [6, 3], "diamond"),
        ),
        words(
            "forecast_course.described",
            weeks=len(ahead),
            revenue=figures.count(sum(row["forecast"] for row in ahead)),
            low=figures.count(min((row["lower_80"] for row in ahead if row["lower_80"] is not None), default=None)),
            high=figures.count(max((row["upper_80"] for row in ahead if row["upper_80"] is not None), default=None)),
            history=sum(value is not None for value in data["actual"].to_pylist()),
        ),
    )


def accuracy(data: pa.Table, words: Words) -> Any:
    """How far each competitor was off on the weeks held back: the forecast as served beside baselines and candidates.

    Args:
        data: what ``answers.accuracy`` finds.
        words: of the room ``sales``.
    """
    kinds = {kind: words(f"accuracy.{kind}") for kind in ("served", "baseline", "candidate")}
    rows = [row for row in data.to_pylist() if row["is_comparable"] and row["wape"] is not None]
    shown = pa.table(
        {
            "name": pa.array([words.value("competitor", row["competitor"]) for row in rows], pa.string()),
            "kind": pa.array([kinds[_kind_of(row["competitor"])] for row in rows], pa.string()),
            "label": pa.array([figures.percent(row["wape"], 1) for row in rows], pa.string()),
            **{name: pa.array([row[name] for row in rows], pa.float64()) for name in ("wape", "mase", "bias")},
        }
    )
    room = alt.Scale(domain=[0, 1.1 * max((row["wape"] for row in rows), default=1) or 1], nice=False)
    bars = alt.Chart(shown).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(grid=False, ticks=False, domain=False)),
        x=alt.X(
            "wape:Q", title=words.column("wape"), axis=alt.Axis(format=".0%", tickMinStep=0.01, tickCount=8), scale=room
        ),
        tooltip=[
            alt.Tooltip("name:N", title=words.column("competitor")),
            alt.Tooltip("wape:Q", title=words.column("wape"), format=".1%"),
            alt.Tooltip("mase:Q", title=words.column("mase"), format=".2f"),
            alt.Tooltip("bias:Q", title=words.column("bias"), format="+.1%"),
        ],
    )
    colours = alt.Scale(domain=list(kinds.values()), range=[theme.VERMILLION, theme.BLUE, "#b5b5b5"])
    served = next((row["wape"] for row in rows if row["competitor"] == "served"), None)
    best = min(rows, key=lambda row: float(row["wape"]), default=None)
    return theme.finished(
        alt.layer(
            bars.mark_bar().encode(color=alt.Color("kind:N", scale=colours)),
            bars.mark_text(align="left", dx=4, color="#333333").encode(text="label:N"),
        ),
        words(
            "accuracy.described",
            competitors=len(rows),
            served=figures.percent(served, 1),
            best=words.value("competitor", best["competitor"]) if best else figures.MISSING,
            least=figures.percent(best["wape"] if best else None, 1),
        ),
        height=60 + 24 * max(1, len(rows)),
    )


def _kind_of(competitor: str) -> str:
    if competitor == "served":
        return "served"
    return "baseline" if competitor in BASELINES else "candidate"


def anomaly_course(data: pa.Table, words: Words) -> Any:
    """Net revenue by week of one series, its weeks out of the ordinary marked by shape, and what was to be expected.

    Args:
        data: what ``answers.anomaly_course`` finds.
        words: of the room ``sales``.
    """
    rows = [row for row in data.to_pylist() if row["anomaly_kind"] is not None]
    spoken = [words.value("anomaly_kind", row["anomaly_kind"]) for row in rows]
    marked = with_moments(pa.Table.from_pylist(rows, schema=data.schema), "week_starting").append_column(
        "kind", pa.array(spoken, pa.string())
    )
    kinds = list(dict.fromkeys(spoken))
    week = words.column("week_starting")
    x = week_axis("week_starting", week)
    line = (
        alt.Chart(with_moments(data, "week_starting"))
        .mark_line(color=theme.BLUE, strokeJoin="round")
        .encode(
            x=x,
            y=alt.Y("actual:Q", title=words("net_revenue_a_week")),
            tooltip=[
                alt.Tooltip("week_starting_day:N", title=week),
                alt.Tooltip("actual:Q", title=words("forecast_course.actual"), format=",.0f"),
            ],
        )
    )
    marks = alt.Chart(marked).encode(
        x=x,
        tooltip=[
            alt.Tooltip("week_starting_day:N", title=week),
            alt.Tooltip("kind:N", title=words.column("anomaly_kind")),
            alt.Tooltip("observed:Q", title=words.column("observed"), format=",.0f"),
            alt.Tooltip("expected:Q", title=words.column("expected"), format=",.0f"),
        ],
    )
    colours = [theme.VERMILLION, theme.GREEN, theme.PURPLE, theme.ORANGE]
    newest = rows[-1] if rows else None
    return theme.finished(
        alt.layer(
            line,
            marks.mark_rule(color=theme.GREY, strokeDash=[3, 3]).encode(y="observed:Q", y2="expected:Q"),
            marks.mark_tick(color=theme.BLACK, thickness=2, width=14, orient="horizontal").encode(y="expected:Q"),
            marks.mark_point(size=140, filled=True, opacity=1).encode(
                y="observed:Q",
                shape=alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=theme.SHAPES[1:])),
                color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=colours)),
            ),
        ),
        words(
            "anomaly_course.described",
            weeks=len(set(data["week_starting"].to_pylist())),
            anomalies=len(rows),
            newest=figures.day(newest["week_starting"] if newest else None),
            kind=spoken[-1] if spoken else figures.MISSING,
            observed=figures.count(newest["observed"] if newest else None),
            expected=figures.count(newest["expected"] if newest else None),
        ),
    )


def accuracy_in_words(data: pa.Table, words: Words) -> list[str]:
    """Sentences that say how the forecast as served did beside the other competitors, and how its bands held.

    Args:
        data: what ``answers.accuracy`` finds.
        words: of the room ``sales``.
    """
    rows = [row for row in data.to_pylist() if row["is_comparable"] and row["wape"] is not None]
    served = next((row for row in rows if row["competitor"] == "served"), None)
    if served is None:
        return []
    others = [row for row in rows if row["competitor"] not in ("served", "unreconciled")]
    nearer = [row for row in others if row["wape"] < served["wape"]]
    told = {"served": figures.percent(served["wape"], 1), "others": len(others), "better": len(nearer)}
    if nearer:
        behind_a_rule = any(row["competitor"] in BASELINES for row in nearer)
        sentence = words(
            "accuracy.verdict_behind_baseline" if behind_a_rule else "accuracy.verdict_behind",
            best=words.value("competitor", nearer[0]["competitor"]),
            least=figures.percent(nearer[0]["wape"], 1),
            **told,
        )
    else:
        sentence = words("accuracy.verdict_best", **told)
    if served["coverage_80"] is None:
        return [sentence]
    bands = {name: figures.percent(served[name]) for name in ("coverage_80", "coverage_95")}
    return [sentence, words("accuracy.coverage", **bands)]
