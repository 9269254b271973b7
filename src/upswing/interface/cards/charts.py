"""The reliability curve of a model card."""

from __future__ import annotations

from typing import Any

import altair as alt
import pyarrow as pa

from upswing.interface import figures, theme


def described(data: pa.Table, title: str) -> str:
    """The text alternative: how far promise and outcome are apart at both ends and at most."""
    rows = data.to_pylist()
    first, last = rows[0], rows[-1]
    worst = max(rows, key=lambda row: abs(row["predicted"] - row["observed"]))
    pairs = [
        f"{figures.percent(row['predicted'], 1)} and came to {figures.percent(row['observed'], 1)}"
        for row in (first, last, worst)
    ]
    return (
        f"{title}: of {sum(row['slice_rows'] for row in rows):,} held-out rows in {len(rows)} bins by probability, the "
        f"lowest was promised {pairs[0]}, the highest {pairs[1]}; furthest apart is bin {worst['bin']}, which was "
        f"promised {pairs[2]}."
    )


def reliability(data: pa.Table, title: str) -> Any:
    """Observed share by promised probability with 95 % intervals, beside the line on which promises are kept.

    Args:
        data: what ``answers.reliability`` finds, of one target.
        title: of the model and target, for the text alternative.
    """
    top = max([0.1, *data["observed_upper"].to_pylist(), *data["predicted"].to_pylist()])
    scale = alt.Scale(domain=[0, min(1.0, top * 1.05)], nice=False)
    percent = alt.Axis(format=".0%")
    kept = (
        alt.Chart(pa.table({"predicted": [0.0, scale.domain[1]], "observed": [0.0, scale.domain[1]]}))
        .mark_line(color=theme.GREY, strokeDash=[6, 3], strokeWidth=1.5)
        .encode(x=alt.X("predicted:Q", scale=scale, axis=percent), y=alt.Y("observed:Q", scale=scale, axis=percent))
    )
    base = alt.Chart(data).encode(
        x=alt.X("predicted:Q", title="Promised (mean probability of the bin)", scale=scale, axis=percent)
    )
    doubt = base.mark_rule(color=theme.BLUE, strokeWidth=1.5).encode(
        y=alt.Y("observed_lower:Q", title="Came true (share, with 95 % interval)", scale=scale, axis=percent),
        y2="observed_upper:Q",
    )
    seen = base.mark_point(color=theme.BLUE, filled=True, size=70).encode(y="observed:Q")
    told = (
        alt.Chart(pa.table({"x": [scale.domain[1] * 0.98], "y": [scale.domain[1] * 0.98], "told": ["promises kept"]}))
        .mark_text(align="right", baseline="top", dx=-14, color=theme.GREY)
        .encode(x="x:Q", y="y:Q", text="told:N")
    )
    return theme.finished(kept + doubt + seen + told, described(data, title), height=320)
