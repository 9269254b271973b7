"""The charts of the marketing page about what is done."""

from __future__ import annotations

from collections import Counter
from typing import Any

import altair as alt
import pyarrow as pa

from upswing.interface import figures, theme
from upswing.interface.marketing.interval_charts import (
    Looks,
    Row,
    height_of,
    intervals,
    unlike,
)
from upswing.interface.words import Words

TREATMENTS: Looks = {"treated": (theme.BLUE, "circle"), "held_out": (theme.GREY, "square")}


FATES = ("pushed", "control", "outranked", "unreachable")
"""What becomes of the customers whom a strategy matches; columns ``<fate>_customers``."""


def rates(data: pa.Table, words: Words, *, rate: str = "cr") -> Any:
    """A rate by campaign, or by variant and segment of one campaign, as a point within its interval.

    Args:
        data: what ``answers.campaigns`` or ``answers.campaign_groups`` finds.
        words: of the marketing room.
        rate: ``cr``, ``ctr`` or ``rpr``; rows without it are left out.
    """
    found = [row for row in data.to_pylist() if row[rate] is not None]
    labels = unlike(
        [
            row["campaign_name"]
            if "campaign_name" in row
            else f"{words.value('variant', row['variant'])} · {words.value('segment_name', row['segment_name'])}"
            for row in found
        ],
        [str(row.get("campaign_id", "")) for row in found],
    )
    rows = [
        {
            "label": label,
            "kind": words.value("treatment", "held_out" if row.get("is_control") else "treated"),
            "value": row[rate],
            "lower": row[f"{rate}_lower"],
            "upper": row[f"{rate}_upper"],
            "text": figures.percent(row[rate], 1),
            "interval": f"{figures.percent(row[f'{rate}_lower'], 1)} … {figures.percent(row[f'{rate}_upper'], 1)}",
            "customers": figures.count(row["customers"]),
        }
        for row, label in zip(found, labels, strict=True)
    ]
    if rows:
        best = max(rows, key=lambda row: row["value"])
        worst = min(rows, key=lambda row: row["value"])
        described = words(
            "rates.described",
            rate=words(f"rates.{rate}"),
            groups=len(rows),
            best=best["label"],
            best_rate=best["text"],
            worst=worst["label"],
            worst_rate=worst["text"],
        )
    else:
        described = words("rates.described_none", rate=words(f"rates.{rate}"))
    return intervals(
        rows,
        {words.value("treatment", treatment): looks for treatment, looks in TREATMENTS.items()},
        words(f"rates.{rate}"),
        described,
        tooltip=[("label", ""), ("text", "rate"), ("interval", "interval"), ("customers", "customers")],
        words=words,
        axis_format="%",
    )


def funnel(data: pa.Table, words: Words) -> Any:
    """How many were reached, saw it, clicked and converted.

    Args:
        data: the row that ``answers.funnel`` finds.
        words: of the marketing room.
    """
    (sums,) = data.to_pylist()
    steps = {
        "reached": (sums["customers"], None),
        "seen": (sums["impressions"], None),
        "clicked": (sums["clicks"], sums["ctr"]),
        "converted": (sums["conversions"], sums["cr"]),
    }
    rows: list[Row] = []
    for step, (number, share) in steps.items():
        text = figures.count(number)
        if share is not None:
            text += " · " + words(f"funnel.{step}_share", share=figures.percent(share, 1))
        rows.append({"step": words(f"funnel.{step}"), "number": number or 0, "text": text})
    order = [row["step"] for row in rows]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("step:N", sort=order, title=None),
        tooltip=[
            alt.Tooltip("step:N", title=words("funnel.step")),
            alt.Tooltip("text:N", title=words("funnel.number")),
        ],
    )
    # The text of the longest bar needs room to the right of it.
    most = max(row["number"] for row in rows) or 1
    number = alt.X(
        "number:Q",
        title=words("funnel.number"),
        axis=alt.Axis(tickCount=6),
        scale=alt.Scale(domain=[0, 1.35 * most], nice=False),
    )
    bars = base.mark_bar(color=theme.BLUE, height={"band": 0.6}).encode(x=number)
    texts = base.mark_text(align="left", dx=6, fontSize=12).encode(x=number, text="text:N")
    described = words(
        "funnel.described",
        reached=figures.count(sums["customers"]),
        seen=figures.count(sums["impressions"]),
        clicked=figures.count(sums["clicks"]),
        ctr=figures.percent(sums["ctr"], 1),
        converted=figures.count(sums["conversions"]),
        cr=figures.percent(sums["cr"], 1),
    )
    return theme.finished(alt.layer(bars, texts), described, height=200)


def strategy_actions(data: pa.Table, words: Words) -> Any:
    """What becomes of the customers whom each action matches.

    Args:
        data: what ``answers.strategy_actions`` finds.
        words: of the marketing room.
    """
    rows: list[Row] = []
    for action in data.to_pylist():
        start = 0
        for fate in FATES:
            number = action[f"{fate}_customers"] or 0
            rows.append(
                {
                    "action": action["action_name"],
                    "fate": words(f"strategy_actions.{fate}"),
                    "number": number,
                    "start": start,
                    "end": start + number,
                    "text": figures.count(number),
                    "matched": action["matched_customers"] or 0,
                }
            )
            start += number
    actions = list(dict.fromkeys(row["action"] for row in rows))
    fates = [words(f"strategy_actions.{fate}") for fate in FATES]
    most = max((row["matched"] for row in rows), default=0)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("action:N", sort=actions, title=None),
        tooltip=[
            alt.Tooltip("action:N", title=words.column("action_name")),
            alt.Tooltip("fate:N", title=words("strategy_actions.fate")),
            alt.Tooltip("text:N", title=words.column("customers")),
        ],
    )
    bars = base.mark_bar(stroke="white", cornerRadiusEnd=0, height={"band": 0.75}).encode(
        x=alt.X("start:Q", title=words("strategy_actions.number")),
        x2="end:Q",
        color=alt.Color(
            "fate:N", scale=alt.Scale(domain=fates, range=[theme.BLUE, theme.ORANGE, theme.SKY, "#cccccc"])
        ),
        order=alt.Order("start:Q"),
    )
    # Numbers stand in the parts that are wide enough for them.
    texts = (
        base.transform_filter(f"datum.number > {0.06 * most}")
        .transform_calculate(middle="(datum.start + datum.end) / 2")
        .mark_text(fontSize=11)
        .encode(
            x="middle:Q",
            text="text:N",
            color=alt.condition(f"datum.fate == {fates[0]!r}", alt.value("white"), alt.value("black")),
        )
    )
    totals = {fate: sum(action[f"{fate}_customers"] or 0 for action in data.to_pylist()) for fate in FATES}
    described = words(
        "strategy_actions.described",
        actions=len(actions),
        **{fate: figures.count(number) for fate, number in totals.items()},
    )
    return theme.finished(alt.layer(bars, texts), described, height=height_of(len(actions)))


def pushes_by_day(data: pa.Table, words: Words) -> Any:
    """Pushes of the coming days by channel, with those held out beside.

    Args:
        data: what ``answers.pushes_by_day`` finds.
        words: of the marketing room.
    """
    found = data.to_pylist()
    kinds = sorted({row["push_kind"] for row in found} - {"held_out"})
    kinds += ["held_out"] * any(row["push_kind"] == "held_out" for row in found)
    colours = {kind: theme.COLOURS[place % 6] for place, kind in enumerate(kinds)} | {"held_out": "#cccccc"}
    reached: Counter[str] = Counter()
    rows: list[Row] = []
    for row in sorted(found, key=lambda row: (row["send_on"], kinds.index(row["push_kind"]))):
        day = f"{row['send_on']:%m-%d}"
        rows.append(
            {
                # As text: a date would be shown in the time zone of the browser.
                "day": day,
                "kind": words.value("push_kind", row["push_kind"]),
                "start": reached[day],
                "end": reached[day] + row["pushes"],
                "pushes": row["pushes"],
                "text": figures.count(row["pushes"]),
                "cost": figures.amount(row["cost"]),
            }
        )
        reached[day] += row["pushes"]
    names = [words.value("push_kind", kind) for kind in kinds]
    dark = [words.value("push_kind", kind) for kind in kinds if colours[kind] in (theme.BLUE, theme.GREEN)]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("day:O", title=words.column("send_on"), axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        tooltip=[
            alt.Tooltip("day:O", title=words.column("send_on")),
            alt.Tooltip("kind:N", title=words.column("push_kind")),
            alt.Tooltip("text:N", title=words.column("pushes")),
            alt.Tooltip("cost:N", title=words.column("cost")),
        ],
    )
    bars = base.mark_bar(stroke="white", cornerRadiusEnd=0).encode(
        y=alt.Y("start:Q", title=words.column("pushes")),
        y2="end:Q",
        color=alt.Color("kind:N", scale=alt.Scale(domain=names, range=[colours[kind] for kind in kinds])),
    )
    most = max(reached.values(), default=0)
    texts = (
        base.transform_filter(f"datum.pushes > {0.05 * most}")
        .transform_calculate(middle="(datum.start + datum.end) / 2")
        .mark_text(fontSize=11)
        .encode(
            y="middle:Q",
            text="text:N",
            color=alt.condition(alt.FieldOneOfPredicate("kind", dark), alt.value("white"), alt.value("black")),
        )
    )
    sums: Counter[str] = Counter()
    for row in found:
        sums[words.value("push_kind", row["push_kind"])] += row["pushes"]
    described = words(
        "pushes_by_day.described",
        pushes=figures.count(sum(sums.values())),
        first=figures.day(found[0]["send_on"]),
        last=figures.day(found[-1]["send_on"]),
        parts=", ".join(f"{name} {figures.count(sums[name])}" for name in names),
    )
    return theme.finished(alt.layer(bars, texts), described)
