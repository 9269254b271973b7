"""Markdown of figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from upswing.interface import figures

FIRST = (
    *("pr_auc", "roc_auc", "precision_at_10pct", "brier", "calibration_error"),
    *("mae", "wape", "rmse", "bias", "spearman"),
    *("ndcg_at_10", "recall_at_10", "hit_rate_at_10", "coverage", "novelty"),
    *("mase", "rmsse", "coverage_80", "coverage_95"),
    *("accuracy", "macro_f1", "log_loss"),
    *("silhouette", "adjusted_rand", "noise_share"),
    *("qini", "qini_lower", "qini_upper", "slope", "loss_over_average", "precision", "recall"),
)
"""Figures in the order in which a reader asks for them; others follow by name."""

MOST = 8
"""Columns of figures in a table."""

ABOUT_ROWS = ("rows", "base_rate", "products")
"""Of the rows, the same for every competitor."""


def number(value: float | None) -> str:
    """Three decimals below 10, else one."""
    return figures.amount(value, 3 if value is None or abs(value) < 10 else 1)


def interval(low: float | None, high: float | None) -> str:
    """From to, signed; a dash where there is none."""
    return figures.MISSING if low is None or high is None else f"{low:+.3f} to {high:+.3f}"


def cell(text: Any) -> str:
    """A text that does not break a table."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def competitors(rows: list[dict[str, Any]]) -> str:
    """Figures of one split and target, the model first, in bold; columns in the order of :data:`FIRST`."""
    names = sorted({row["metric"] for row in rows} - set(ABOUT_ROWS), key=_order)[:MOST]
    value = {(row["competitor"], row["metric"]): row["value"] for row in rows}
    rivals = sorted({row["competitor"] for row in rows}, key=lambda name: (name != "model", name))
    return table(
        ["", *names],
        [
            [f"**{rival}**" if rival == "model" else rival, *(number(value.get((rival, name))) for name in names)]
            for rival in rivals
        ],
    )


def _order(name: str) -> tuple[int, str]:
    return (FIRST.index(name) if name in FIRST else len(FIRST), name)
