"""The charts of the quality page."""

from __future__ import annotations

from collections import Counter
from typing import Any

import altair as alt
import pyarrow as pa

from upswing.interface import figures, theme
from upswing.interface.words import Words

STATES = {
    "drifted": (theme.VERMILLION, "✕"),
    "steady": (theme.SKY, "✓"),
    "too few rows": ("#eeeeee", "-"),
    "nothing to compare": ("#eeeeee", "-"),
    "not applicable": ("white", "·"),
}
"""Of each state the colour and the sign of its place; the sign alone tells them apart, too."""

KINDS = ("score", "feature", "calibration")
"""Kinds of drift, in the order of the columns."""

FINDINGS = {
    "kept": (theme.BLUE, "white"),
    "failed_warnings": (theme.ORANGE, "black"),
    "failed_errors": (theme.VERMILLION, "white"),
    "not_judged": ("#cccccc", "black"),
}
"""Of each finding of the gates the colour of its part of the bar, and of the figure in it."""

STATUSES = {
    "succeeded": (theme.BLUE, "circle"),
    "failed": (theme.VERMILLION, "cross"),
    "interrupted": (theme.ORANGE, "triangle-down"),
    "running": (theme.GREY, "square"),
}

ROW_HEIGHT = 30
"""Pixels of a line of a chart that has a line a row."""


def gates(data: pa.Table, words: Words) -> Any:
    """Of the expectations of each layer how many hold, fail, or were not judged.

    Args:
        data: what ``answers.gates`` finds.
        words: of the quality room, in the language of the chart.
    """
    rows: list[dict[str, Any]] = []
    for layer in data.to_pylist():
        start = 0
        for finding in FINDINGS:
            number = layer[finding] or 0
            rows.append(
                {
                    "layer": words.value("layer", layer["layer"]),
                    "finding": words(f"gates.{finding}"),
                    "number": number,
                    "start": start,
                    "end": start + number,
                    "text": figures.count(number),
                    "ink": FINDINGS[finding][1],
                }
            )
            start += number
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    findings = {
        words(f"gates.{finding}"): colour
        for finding, (colour, _) in FINDINGS.items()
        if any(layer[finding] for layer in data.to_pylist())
    }
    most = max((row["end"] for row in rows), default=0)
    base = alt.Chart(alt.InlineData(values=[row for row in rows if row["number"]])).encode(
        y=alt.Y("layer:N", sort=layers, title=None),
        tooltip=[
            alt.Tooltip("layer:N", title=words.column("layer")),
            alt.Tooltip("finding:N", title=words("gates.finding")),
            alt.Tooltip("text:N", title=words("gates.expectations")),
        ],
    )
    bars = base.mark_bar(stroke="white", cornerRadiusEnd=0, height={"band": 0.7}).encode(
        x=alt.X("start:Q", title=words("gates.expectations")),
        x2="end:Q",
        color=alt.Color("finding:N", scale=alt.Scale(domain=list(findings), range=list(findings.values()))),
    )
    texts = (
        base.transform_filter(f"datum.number > {0.03 * most}")
        .transform_calculate(middle="(datum.start + datum.end) / 2")
        .mark_text(fontSize=12)
        .encode(x="middle:Q", text="text:N", color=alt.Color("ink:N", scale=None))
    )
    described = words(
        "gates.described",
        **{finding: figures.count(sum(layer[finding] or 0 for layer in data.to_pylist())) for finding in FINDINGS},
    )
    return theme.finished(alt.layer(bars, texts), described, height=_height(len(layers)))


def deliveries(data: pa.Table, words: Words) -> Any:
    """The share of each raw table that is in quarantine, with the rows; absent tables are named.

    Args:
        data: what ``answers.deliveries`` finds.
        words: of the quality room.
    """
    rows: list[dict[str, Any]] = []
    for table in data.to_pylist():
        share = table["quarantined_share"]
        if not table["is_present"]:
            text = words("deliveries.absent")
        elif share is None:
            text = words("deliveries.no_rows")
        else:
            text = words(
                "deliveries.rows",
                share=figures.percent(share, 2),
                quarantined=figures.count(table["rows_quarantined"]),
                delivered=figures.count(table["rows_delivered"]),
            )
        rows.append({"table": table["table_name"], "share": share or 0, "text": text})
    # The texts need room to the right of the longest bar.
    most = max((row["share"] for row in rows), default=0) or 0.01
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "share:Q",
            title=words("deliveries.share"),
            axis=alt.Axis(format=".1%", tickCount=6),
            scale=alt.Scale(domain=[0, 1.7 * most], nice=False),
        ),
        y=alt.Y("table:N", sort=[row["table"] for row in rows], title=None),
        tooltip=[
            alt.Tooltip("table:N", title=words.column("table_name")),
            alt.Tooltip("text:N", title=words.column("rows_quarantined")),
        ],
    )
    bars = base.mark_bar(color=theme.ORANGE, height={"band": 0.6})
    texts = base.mark_text(align="left", dx=6, fontSize=11, color="#333333").encode(text="text:N")
    found = data.to_pylist()
    worst = max(found, key=lambda table: table["quarantined_share"] or 0, default=None)
    described = words(
        "deliveries.described",
        present=sum(bool(table["is_present"]) for table in found),
        tables=len(found),
        quarantined=figures.count(sum(table["rows_quarantined"] or 0 for table in found)),
        delivered=figures.count(sum(table["rows_delivered"] or 0 for table in found)),
        worst=worst["table_name"] if worst else figures.MISSING,
        share=figures.percent(worst["quarantined_share"] if worst else None, 2),
    )
    return theme.finished(alt.layer(bars, texts), described, height=_height(len(rows)))


def quarantine(data: pa.Table, words: Words) -> Any:
    """The most frequent reasons for which rows were set aside; the axis is logarithmic.

    Args:
        data: what ``answers.quarantine`` finds.
        words: of the quality room.
    """
    rows = [
        {
            "reason": f"{row['table_name']}: {row['rejection_reason']}",
            "rows": row["quarantined_rows"],
            "text": figures.count(row["quarantined_rows"]),
        }
        for row in data.to_pylist()
        if row["quarantined_rows"]
    ]
    most = max((row["rows"] for row in rows), default=1)
    # One row is a bar too: a logarithmic axis has no 0 to begin at.
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "rows:Q",
            title=words("quarantine.rows"),
            scale=alt.Scale(type="log", domain=[0.7, 3 * most], nice=False),
            axis=alt.Axis(values=[10**power for power in range(len(str(most)))], format=","),
        ),
        y=alt.Y("reason:N", sort=[row["reason"] for row in rows], title=None, axis=alt.Axis(labelLimit=360)),
        tooltip=[
            alt.Tooltip("reason:N", title=words.column("rejection_reason")),
            alt.Tooltip("text:N", title=words.column("quarantined_rows")),
        ],
    )
    dots = base.mark_point(color=theme.ORANGE, filled=True, size=90, opacity=1)
    texts = base.mark_text(align="left", dx=9, fontSize=11, color="#333333").encode(text="text:N")
    described = words(
        "quarantine.described",
        reasons=len(rows),
        listed="; ".join(f"{row['reason']} {row['text']}" for row in rows[:3]),
    )
    return theme.finished(alt.layer(dots, texts), described, height=_height(len(rows)))


def model_states(data: pa.Table, words: Words) -> Any:
    """The state of each model by kind of drift, as a table of signs.

    Args:
        data: what ``answers.model_states`` finds.
        words: of the quality room.
    """
    rows: list[dict[str, Any]] = []
    for row in data.to_pylist():
        colour, sign = STATES.get(row["state"], ("#eeeeee", "?"))
        told = words.value("state", row["state"])
        rows.append(
            {
                "model": words.value("model_name", row["model_name"]),
                "kind": words.value("drift_kind", row["drift_kind"]),
                "state": told,
                "text": f"{sign} {told}",
                "colour": colour,
                "ink": "white" if row["state"] == "drifted" else "#333333",
                "verdict": row["verdict"],
            }
        )
    models = list(dict.fromkeys(row["model"] for row in rows))
    kinds = [words.value("drift_kind", kind) for kind in KINDS]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("kind:N", sort=kinds, title=None, axis=alt.Axis(orient="top", labelAngle=0, domain=False, ticks=False)),
        y=alt.Y("model:N", sort=models, title=None, axis=alt.Axis(domain=False, ticks=False)),
        tooltip=[
            alt.Tooltip("model:N", title=words.column("model_name")),
            alt.Tooltip("kind:N", title=words.column("drift_kind")),
            alt.Tooltip("state:N", title=words.column("state")),
            alt.Tooltip("verdict:N", title=words.column("verdict")),
        ],
    )
    places = base.mark_rect(stroke="white", strokeWidth=3, cornerRadius=4).encode(
        color=alt.Color("colour:N", scale=None)
    )
    texts = base.mark_text(fontSize=12).encode(text="text:N", color=alt.Color("ink:N", scale=None))
    counted = Counter(words.value("state", row["state"]) for row in data.to_pylist())
    described = words(
        "model_states.described",
        models=len(models),
        listed=", ".join(f"{state} {number}" for state, number in counted.most_common()),
        drifted="; ".join(
            f"{row['model']} ({row['kind']})"
            for row, found in zip(rows, data.to_pylist(), strict=True)
            if found["state"] == "drifted"
        )
        or words("model_states.none"),
    )
    return theme.finished(alt.layer(places, texts), described, height=_height(len(models)))


def drift(data: pa.Table, words: Words) -> Any:
    """How far each model has moved, as a share of the limit beyond which it counts as drifted.

    Args:
        data: what ``answers.model_states`` finds; rows without a limit are left out.
        words: of the quality room.
    """
    rows = [
        {
            "check": f"{words.value('model_name', row['model_name'])} · {words.value('drift_kind', row['drift_kind'])}",
            "kind": words("drift.beyond" if row["drift"] > row["drift_limit"] else "drift.within"),
            "share": row["drift"] / row["drift_limit"],
            "text": words(
                "drift.text",
                drift=figures.amount(row["drift"], 3),
                limit=figures.amount(row["drift_limit"], 3),
                column=row["worst_column"] or figures.MISSING,
            ),
        }
        for row in data.to_pylist()
        if row["drift"] is not None and row["drift_limit"]
    ]
    rows.sort(key=lambda row: -row["share"])
    kinds = [words("drift.within"), words("drift.beyond")]
    most = max([row["share"] for row in rows] + [1.0])
    across = alt.X(
        "share:Q",
        title=words("drift.share"),
        axis=alt.Axis(format="%", tickCount=6),
        scale=alt.Scale(domain=[0, 1.5 * most], nice=False),
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=across,
        y=alt.Y("check:N", sort=[row["check"] for row in rows], title=None, axis=alt.Axis(labelLimit=300)),
        tooltip=[
            alt.Tooltip("check:N", title=words.column("model_name")),
            alt.Tooltip("text:N", title=words.column("drift")),
        ],
    )
    points = base.mark_point(filled=True, size=110, opacity=1).encode(
        color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[theme.BLUE, theme.VERMILLION])),
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["circle", "cross"])),
    )
    texts = base.mark_text(align="left", dx=9, fontSize=11, color="#333333").encode(text="text:N")
    limit = (
        alt.Chart(alt.InlineData(values=[{"share": 1}]))
        .mark_rule(color=theme.VERMILLION, strokeDash=[5, 4])
        .encode(x=across)
    )
    described = words(
        "drift.described",
        checks=len(rows),
        beyond=sum(row["kind"] == kinds[1] for row in rows),
        listed="; ".join(f"{row['check']} {figures.percent(row['share'])}" for row in rows[:5]),
    )
    return theme.finished(alt.layer(limit, points, texts), described, height=_height(len(rows)))


def competitors(data: pa.Table, words: Words) -> Any:
    """A model beside its baselines in one metric, the best first.

    Args:
        data: what ``answers.competitors`` finds.
        words: of the quality room.
    """
    found = data.to_pylist()
    rows = [
        {
            "competitor": words.value("competitor", row["competitor"]),
            "kind": words("competitors.model" if row["is_model"] else "competitors.baseline"),
            "value": row["value"],
            "text": f"{row['value']:,.3f}",
        }
        for row in found
    ]
    kinds = [words("competitors.model"), words("competitors.baseline")]
    better = words("competitors.lower" if found[0]["is_lower_better"] else "competitors.higher")
    metric = words.value("metric", found[0]["metric"])
    most, least = max(row["value"] for row in rows), min(row["value"] for row in rows)
    scale = alt.Scale(domain=[min(least, 0) * 1.25, max(most, 0) * 1.25 or 1], nice=False)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("value:Q", title=f"{metric} ({better})", scale=scale, axis=alt.Axis(tickCount=6)),
        y=alt.Y("competitor:N", sort=[row["competitor"] for row in rows], title=None),
        tooltip=[
            alt.Tooltip("competitor:N", title=words.column("competitor")),
            alt.Tooltip("text:N", title=metric),
        ],
    )
    bars = base.mark_bar(height={"band": 0.65}, stroke=theme.BLUE, strokeWidth=1.5).encode(
        color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[theme.BLUE, "#d9d9d9"])),
        stroke=alt.Stroke("kind:N", scale=alt.Scale(domain=kinds, range=[theme.BLUE, "#d9d9d9"]), legend=None),
    )
    texts = base.mark_text(align="left", dx=6, fontSize=11, color="#333333").encode(text="text:N")
    place = next((place for place, row in enumerate(found, 1) if row["is_model"]), None)
    described = words(
        "competitors.described",
        metric=metric,
        better=better,
        place=place or figures.MISSING,
        competitors=len(rows),
        listed="; ".join(f"{row['competitor']} {row['text']}" for row in rows[:6]),
    )
    return theme.finished(alt.layer(bars, texts), described, height=_height(len(rows)))


def runs(data: pa.Table, words: Words) -> Any:
    """How long the newest runs took, and how they ended; a run without an end stands at 0.

    Args:
        data: what ``answers.runs`` finds.
        words: of the quality room.
    """
    found = sorted(data.to_pylist(), key=lambda row: (row["started_at"], row["invocation_id"]))
    rows: list[dict[str, Any]] = [
        {
            "run": place,
            "started": f"{row['started_at']:%m-%d %H:%M}",
            "command": row["dbt_command"],
            "status": words.value("run_status", row["run_status"]),
            "minutes": (row["duration_seconds"] or 0) / 60,
            "text": figures.MISSING
            if row["duration_seconds"] is None
            else words("runs.minutes", minutes=figures.amount(row["duration_seconds"] / 60, 1)),
        }
        for place, row in enumerate(found)
    ]
    statuses = {
        words.value("run_status", status): looks
        for status, looks in STATUSES.items()
        if any(row["run_status"] == status for row in found)
    }
    colour = alt.Color(
        "status:N", scale=alt.Scale(domain=list(statuses), range=[colour for colour, _ in statuses.values()])
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        # Runs stand side by side: minutes apart or months apart, each is one line.
        x=alt.X(
            "run:O",
            title=words("runs.started"),
            axis=alt.Axis(
                labelExpr=f"{[row['started'] for row in rows]}[datum.value]", labelAngle=-45, labelOverlap=True
            ),
        ),
        y=alt.Y("minutes:Q", title=words("runs.duration")),
        tooltip=[
            alt.Tooltip("started:N", title=words.column("started_at")),
            alt.Tooltip("command:N", title=words.column("dbt_command")),
            alt.Tooltip("status:N", title=words.column("run_status")),
            alt.Tooltip("text:N", title=words.column("duration_seconds")),
        ],
    )
    stems = base.mark_rule(strokeWidth=3, opacity=0.5).encode(y2=alt.datum(0), color=colour)
    points = base.mark_point(filled=True, size=110, opacity=1).encode(
        color=colour,
        shape=alt.Shape(
            "status:N", scale=alt.Scale(domain=list(statuses), range=[shape for _, shape in statuses.values()])
        ),
    )
    counted = Counter(row["status"] for row in rows)
    longest = max(rows, key=lambda row: row["minutes"])
    described = words(
        "runs.described",
        runs=len(rows),
        listed=", ".join(f"{status} {number}" for status, number in counted.most_common()),
        longest=longest["text"],
        started=longest["started"],
    )
    return theme.finished(alt.layer(stems, points), described)


def slowest_nodes(data: pa.Table, words: Words) -> Any:
    """What took longest in a run.

    Args:
        data: what ``answers.slowest_nodes`` finds.
        words: of the quality room.
    """
    rows = [
        {"node": row["node"], "seconds": row["seconds"], "text": figures.amount(row["seconds"], 1)}
        for row in data.to_pylist()
    ]
    most = max(row["seconds"] for row in rows) or 1
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "seconds:Q", title=words("slowest_nodes.seconds"), scale=alt.Scale(domain=[0, 1.15 * most], nice=False)
        ),
        y=alt.Y("node:N", sort=[row["node"] for row in rows], title=None, axis=alt.Axis(labelLimit=320)),
        tooltip=[
            alt.Tooltip("node:N", title=words.column("node")),
            alt.Tooltip("text:N", title=words("slowest_nodes.seconds")),
        ],
    )
    bars = base.mark_bar(color=theme.BLUE, height={"band": 0.65})
    texts = base.mark_text(align="left", dx=6, fontSize=11, color="#333333").encode(text="text:N")
    described = words("slowest_nodes.described", listed="; ".join(f"{row['node']} {row['text']} s" for row in rows[:3]))
    return theme.finished(alt.layer(bars, texts), described, height=_height(len(rows)))


def _height(rows: int) -> int:
    return max(150, ROW_HEIGHT * rows + 60)
