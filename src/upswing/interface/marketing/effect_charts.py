"""The charts of the marketing page about effects."""

from __future__ import annotations

from collections import Counter
from typing import Any

import altair as alt
import pyarrow as pa

from upswing.interface import figures, theme
from upswing.interface.marketing.interval_charts import (
    Looks,
    Row,
    bounds,
    height_of,
    intervals,
    one_line,
    padded,
    tooltips,
    unlike,
)
from upswing.interface.words import Words

OUTCOMES: Looks = {
    "raises": (theme.BLUE, "circle"),
    "lowers": (theme.VERMILLION, "triangle-down"),
    "not_told": (theme.GREY, "square"),
    "split_wrong": (theme.ORANGE, "cross"),
}


OPINIONS: Looks = {
    "better": (theme.BLUE, "triangle-up"),
    "usual": (theme.GREY, "circle"),
    "worse": (theme.VERMILLION, "triangle-down"),
}


def experiments(data: pa.Table, words: Words) -> Any:
    """What each variant changed, as a point within its interval; what may not be used is marked.

    Args:
        data: what ``answers.experiments`` finds, of one metric.
        words: of the marketing room, in the language of the chart.
    """
    metric = data["metric"][0].as_py()
    is_share = metric in ("conversion_rate", "click_rate")
    unit = 100 if is_share else 1
    decimals = 1 if is_share else 2
    rows: list[Row] = []
    for row, label in zip(
        data.to_pylist(),
        unlike(
            [words("experiments.label", **row) for row in data.to_pylist()],
            [str(row["campaign_id"]) for row in data.to_pylist()],
        ),
        strict=True,
    ):
        lower, upper = bounds(row, "effect", "lower", "upper")
        note = words("experiments.running") if not row["is_final"] else ""
        rows.append(
            {
                "label": label,
                "kind": words.value("outcome", row["outcome"]),
                "value": unit * row["effect"],
                "lower": unit * lower,
                "upper": unit * upper,
                "text": f"{unit * row['effect']:+,.{decimals}f}{note}",
                "interval": f"{unit * lower:+,.{decimals}f} … {unit * upper:+,.{decimals}f}",
                "told": row["verdict"],
            }
        )
    counted = Counter(row["outcome"] for row in data.to_pylist())
    described = words(
        "experiments.described",
        metric=words.value("metric", metric),
        comparisons=data.num_rows,
        **{outcome: counted[outcome] for outcome in OUTCOMES},
    )
    listed = "; ".join(f"{one_line(row['label'])} {row['text']} ({row['interval']})" for row in rows[:8])
    return intervals(
        rows,
        {words.value("outcome", outcome): looks for outcome, looks in OUTCOMES.items()},
        words("experiments.points" if is_share else "experiments.money", metric=words.value("metric", metric)),
        f"{described} {listed}",
        tooltip=[("label", ""), ("text", "effect"), ("interval", "interval"), ("told", "verdict")],
        words=words,
        zero=True,
    )


def adjustment_factors(data: pa.Table, words: Words) -> Any:
    """The adjustment factor of an action by measured week: filled where it changed the strength.

    Args:
        data: what ``answers.adjustments`` finds of one action.
        words: of the marketing room.
    """
    rows = [
        {
            "week": figures.day(row["measured_week"]),
            "factor": row["adjustment_factor"],
            "text": f"{100 * row['adjustment_factor']:+.1f} %",
            "effect": words("adjustment_factors.changed")
            if row["strength_after"] != row["strength_before"]
            else words("adjustment_factors.unchanged"),
            "decision": words.value("decision", row["decision"]),
            "reason": row["reason"],
        }
        for row in data.to_pylist()
        if row["adjustment_factor"] is not None
    ]
    effects = [words("adjustment_factors.changed"), words("adjustment_factors.unchanged")]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("week:O", title=words.column("measured_week"), axis=alt.Axis(labelAngle=-45)),
        y=alt.Y("factor:Q", title=words("adjustment_factors.factor"), axis=alt.Axis(format="%"), scale=padded(rows)),
        tooltip=tooltips(
            words,
            ("week", "measured_week"),
            ("text", "adjustment_factor"),
            ("decision", "decision"),
            ("reason", "reason"),
        ),
    )
    bars = base.mark_bar(stroke=theme.BLUE, strokeWidth=1.5, width={"band": 0.6}).encode(
        fill=alt.Fill(
            "effect:N", scale=alt.Scale(domain=effects, range=[theme.BLUE, "white"]), legend=alt.Legend(title=None)
        )
    )
    above = base.transform_filter("datum.factor >= 0").mark_text(dy=-8, fontSize=11).encode(text="text:N")
    below = base.transform_filter("datum.factor < 0").mark_text(dy=10, fontSize=11).encode(text="text:N")
    zero = alt.Chart(alt.InlineData(values=[{"factor": 0}])).mark_rule(color="#8c8c8c").encode(y="factor:Q")
    described = words(
        "adjustment_factors.described",
        weeks=len(rows),
        below=sum(row["factor"] > 0 for row in rows),
        changed=sum(row["effect"] == effects[0] for row in rows),
        listed="; ".join(f"{row['week']} {row['text']} ({row['decision']})" for row in rows[-12:]),
    )
    return theme.finished(alt.layer(bars, above, below, zero), described)


def strengths(data: pa.Table, words: Words) -> Any:
    """The strength of an action's offer over time; 1 is as the seed says.

    Args:
        data: what ``answers.adjustments`` finds of one action.
        words: of the marketing room.
    """
    found = sorted(data.to_pylist(), key=lambda row: (row["decided_on"], row["measured_week"]))
    # Two points a decision, so that the line goes straight up or down on its day.
    course = [
        {"day": figures.day(row["decided_on"]), "strength": row[column], "order": 2 * place + (column[-1] == "r")}
        for place, row in enumerate(found)
        for column in ("strength_before", "strength_after")
    ]
    changes = [
        {
            "day": figures.day(row["decided_on"]),
            "strength": row["strength_after"],
            "text": f"{row['strength_after']:.2f}",
            "is_up": row["strength_after"] > row["strength_before"],
            "decision": words.value("decision", row["decision"]),
            "reason": row["reason"],
        }
        for row in found
        if row["strength_after"] != row["strength_before"]
    ]
    # Days are days of UTC here, so that no browser shifts them.
    day = alt.X(
        "day:T",
        title=words.column("decided_on"),
        scale=alt.Scale(type="utc", padding=16),
        axis=alt.Axis(format="%Y-%m"),
    )
    strength = alt.Y("strength:Q", title=words("strengths.strength"), scale=alt.Scale(zero=False, padding=16))
    line = (
        alt.Chart(alt.InlineData(values=course)).mark_line(color=theme.BLUE).encode(x=day, y=strength, order="order:Q")
    )
    base = alt.Chart(alt.InlineData(values=changes)).encode(x=day, y=strength)
    points = base.mark_point(color=theme.BLUE, filled=True, size=70).encode(
        tooltip=tooltips(
            words, ("day", "decided_on"), ("text", "strength_after"), ("decision", "decision"), ("reason", "reason")
        )
    )
    above = base.transform_filter("datum.is_up").mark_text(dy=-12, fontSize=11).encode(text="text:N")
    below = base.transform_filter("!datum.is_up").mark_text(dy=14, fontSize=11).encode(text="text:N")
    seed = (
        alt.Chart(alt.InlineData(values=[{"strength": 1}]))
        .mark_rule(strokeDash=[4, 4], color=theme.GREY)
        .encode(y=strength)
    )
    described = words(
        "strengths.described",
        changes=len(changes),
        first=f"{found[0]['strength_before']:.2f}",
        last=f"{found[-1]['strength_after']:.2f}",
        day=figures.day(found[-1]["decided_on"]),
    )
    return theme.finished(alt.layer(seed, line, points, above, below), described)


def uplift_groups(data: pa.Table, words: Words) -> Any:
    """The mean probability that a customer of each group converts without an offer and with one.

    Args:
        data: what ``answers.uplift_groups`` finds.
        words: of the marketing room.
    """
    found = data.to_pylist()
    offers = {
        "without": ("base_probability", theme.GREY, "square"),
        "with": ("response_probability", theme.BLUE, "circle"),
    }
    rows = [
        {
            "group": words(
                "uplift_groups.group",
                group=words.value("uplift_group", row["uplift_group"]),
                customers=figures.count(row["customers"]),
            ),
            "offer": words(f"uplift_groups.{offer}"),
            "probability": row[column],
            "base": row["base_probability"],
            "response": row["response_probability"],
            "text": figures.percent(row[column], 1),
        }
        for row in found
        for offer, (column, *_) in offers.items()
    ]
    groups = list(dict.fromkeys(row["group"] for row in rows))
    names = [words(f"uplift_groups.{offer}") for offer in offers]
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=alt.Y("group:N", sort=groups, title=None))
    most = max([row["probability"] for row in rows], default=1.0)
    probability = alt.X(
        "probability:Q",
        title=words("uplift_groups.probability"),
        axis=alt.Axis(format="%", tickCount=6),
        scale=alt.Scale(domain=[0, 1.15 * most], nice=False),
    )
    links = base.mark_rule(color="#b3b3b3", strokeWidth=3).encode(x=alt.X("base:Q"), x2="response:Q")
    points = base.mark_point(filled=True, size=130, opacity=1).encode(
        x=probability,
        color=alt.Color("offer:N", scale=alt.Scale(domain=names, range=[looks[1] for looks in offers.values()])),
        shape=alt.Shape("offer:N", scale=alt.Scale(domain=names, range=[looks[2] for looks in offers.values()])),
        tooltip=[
            alt.Tooltip("group:N", title=words.column("uplift_group")),
            alt.Tooltip("offer:N", title=words("uplift_groups.offer")),
            alt.Tooltip("text:N", title=words("uplift_groups.probability")),
        ],
    )
    texts = base.mark_text(dy=-14, fontSize=11).encode(x=probability, text="text:N")
    described = (
        words("uplift_groups.described")
        + " "
        + "; ".join(
            f"{words.value('uplift_group', row['uplift_group'])}: {figures.count(row['customers'])}, "
            f"{figures.percent(row['base_probability'], 1)} → {figures.percent(row['response_probability'], 1)}"
            for row in found
        )
    )
    return theme.finished(alt.layer(links, points, texts), described, height=height_of(len(groups)) + 30)


def feedback(data: pa.Table, words: Words) -> Any:
    """How customers' answers stand to the usual, as a point within two errors.

    Args:
        data: what ``answers.feedback`` finds.
        words: of the marketing room.
    """
    found = sorted(data.to_pylist(), key=lambda row: -row["signal"])
    labels = unlike([row["subject_name"] for row in found], [str(row["subject_id"]) for row in found])
    rows: list[Row] = []
    for row, label in zip(found, labels, strict=True):
        lower, upper = bounds(row, "signal", "signal_lower", "signal_upper")
        rows.append(
            {
                "label": label,
                "kind": words.value("opinion", row["opinion"]),
                "value": row["signal"],
                "lower": max(lower, -1),
                "upper": min(upper, 1),
                "text": f"{row['signal']:+.2f}",
                "interval": f"{lower:+.2f} … {upper:+.2f}",
                "told": row["reason"],
            }
        )
    counted = Counter(row["opinion"] for row in found)
    described = words(
        "feedback.described",
        subjects=len(rows),
        listed="; ".join(f"{row['label']} {row['text']}" for row in rows[:5]),
        **{opinion: counted[opinion] for opinion in OPINIONS},
    )
    return intervals(
        rows,
        {words.value("opinion", opinion): looks for opinion, looks in OPINIONS.items()},
        words("feedback.signal"),
        described,
        tooltip=[("label", ""), ("text", "signal"), ("interval", "interval"), ("told", "reason")],
        words=words,
        zero=True,
    )
