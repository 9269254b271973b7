"""Whether the customer predictor beats its baselines, with the doubt that the number of customers leaves."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.verdicts import RESAMPLES, compared

FloatArray = NDArray[np.float64]
Figure = Callable[[FloatArray, FloatArray, FloatArray], float]
"""Of what was, what was predicted and what each row weighs."""


def pr_auc(labels: FloatArray, scores: FloatArray, weights: FloatArray) -> float:
    """Average precision of weighted rows, as scikit-learn's; NaN where only one class weighs anything.

    Written out, for scikit-learn checks its arguments anew at every resample, which takes most of the time.
    """
    positives = float((labels * weights).sum())
    if positives in (0.0, float(weights.sum())):
        return math.nan
    order = np.argsort(-scores, kind="stable")
    # Rows with the same score are told apart by nothing: they come together, at the last of them.
    last_of_ties = np.append(np.diff(scores[order]) != 0, True)
    hits = np.cumsum((labels * weights)[order])[last_of_ties]
    named = np.cumsum(weights[order])[last_of_ties]
    precision = np.divide(hits, named, out=np.ones_like(hits), where=named > 0)
    return float((np.diff(hits, prepend=0.0) * precision).sum() / positives)


def mean_absolute_error(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> float:
    """Mean absolute error."""
    return float(np.average(np.abs(actual - predicted), weights=weights))


def customer_verdict(
    actual: FloatArray,
    predictions: dict[str, FloatArray],
    customers: NDArray[Any],
    figure: Figure,
    name: str,
    higher_is_better: bool,
) -> str:
    """One sentence: the figure of ``model`` against its best baseline, and whether the difference is more than chance.

    The interval is the middle 95 % of the differences over bootstrap resamples of the customers, each with all of its
    rows, drawn with a fixed seed: rows of one customer are not independent.

    Args:
        actual: what was, shape (rows,).
        predictions: the model's under ``model``, each baseline's under its name.
        customers: customer of each row.
        figure: what is compared.
        name: of the figure, in words.
        higher_is_better: whether more of it is better.
    """
    ones = np.ones(len(actual))
    found = {rival: figure(actual, predicted, ones) for rival, predicted in predictions.items()}
    if math.isnan(found["model"]):
        return f"not measurable, for the {len(actual)} test rows are all of one class, and no best baseline is told"
    sign = 1 if higher_is_better else -1
    rival = max((other for other in found if other != "model"), key=lambda other: sign * found[other])
    low, high = difference_interval(actual, predictions["model"], predictions[rival], customers, figure)
    verb = compared(low, high) if higher_is_better else compared(-high, -low)
    digits = 3 if higher_is_better else 2
    return (
        f"the model {verb} its best baseline {rival}: {name} {found['model']:.{digits}f} against "
        f"{found[rival]:.{digits}f}, difference {low:+.{digits}f} to {high:+.{digits}f} on {len(actual):,} rows"
    )


def difference_interval(
    actual: FloatArray, ours: FloatArray, theirs: FloatArray, customers: NDArray[Any], figure: Figure
) -> tuple[float, float]:
    """95 % bootstrap interval of the difference in the figure, ours minus theirs, over resampled customers."""
    generator = np.random.default_rng(7)
    names, places = np.unique(customers.astype(str), return_inverse=True)
    differences = []
    for _resample in range(RESAMPLES):
        drawn = np.bincount(generator.integers(0, len(names), len(names)), minlength=len(names))
        weights = drawn[places].astype(np.float64)
        difference = figure(actual, ours, weights) - figure(actual, theirs, weights)
        if not math.isnan(difference):
            differences.append(difference)
    low, high = np.quantile(differences, [0.025, 0.975])
    return float(low), float(high)


def spend_metrics(actual: FloatArray, predicted: FloatArray) -> dict[str, float]:
    """Errors of an expected spend: mean absolute, root mean square, absolute over what was spent (wape), mean of
    predicted less actual (bias), rank correlation (spearman), share of the spend with the tenth of the highest
    predictions over that with the tenth of the highest spenders (spend_at_10pct), share without spend, rows."""
    from scipy.stats import spearmanr

    total = float(actual.sum())
    varies = len(np.unique(actual)) > 1 and len(np.unique(predicted)) > 1
    top = max(1, round(len(actual) / 10))
    best = float(np.sort(actual)[::-1][:top].sum())
    captured = float(actual[np.argsort(-predicted, kind="stable")[:top]].sum())
    return {
        "mae": float(np.abs(actual - predicted).mean()),
        "rmse": float(np.sqrt(((actual - predicted) ** 2).mean())),
        "wape": float(np.abs(actual - predicted).sum()) / total if total else math.nan,
        "bias": float((predicted - actual).mean()),
        "spearman": float(spearmanr(actual, predicted).statistic) if varies else math.nan,
        "spend_at_10pct": captured / best if best else math.nan,
        "base_rate": float((actual > 0).mean()),
        "rows": float(len(actual)),
    }
