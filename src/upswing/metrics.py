"""Metrics of ranked and calibrated probabilities. Each returns NaN where its rows cannot carry it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

FloatArray = NDArray[np.float64]


def top_share_precision(labels: FloatArray, scores: FloatArray, share: float) -> float:
    """Share of positives among the ``share`` highest scores (at least one row; ties by row order)."""
    if not len(labels):
        return math.nan
    top = np.argsort(-scores, kind="stable")[: max(1, round(len(scores) * share))]
    return float(labels[top].mean())


def calibration_error(labels: FloatArray, probabilities: FloatArray, bins: int = 10) -> float:
    """Expected calibration error: mean gap between predicted and observed share over bins of equal size."""
    if not len(labels):
        return math.nan
    groups = np.array_split(np.argsort(probabilities, kind="stable"), min(bins, len(labels)))
    gaps = [abs(probabilities[group].mean() - labels[group].mean()) * len(group) for group in groups]
    return float(sum(gaps) / len(labels))


def hit_rate(labels: FloatArray, scores: FloatArray, top: int) -> float:
    """Share of hits among the ``top`` highest scores of each row.

    Args:
        labels: 0/1, shape (rows, weeks).
        scores: shape (rows, weeks); ties go to the earlier week.
        top: how many weeks a row may name.
    """
    if not len(labels):
        return math.nan
    named = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return float(np.take_along_axis(labels, named, axis=1).mean())


def classification_metrics(labels: FloatArray, probabilities: FloatArray) -> dict[str, float]:
    """ROC-AUC, PR-AUC, precision and lift at 10 %, Brier score, calibration error, base rate and rows."""
    both_classes = len(np.unique(labels)) == 2
    base_rate = float(labels.mean()) if len(labels) else math.nan
    precision = top_share_precision(labels, probabilities, 0.1)
    return {
        "roc_auc": float(roc_auc_score(labels, probabilities)) if both_classes else math.nan,
        "pr_auc": float(average_precision_score(labels, probabilities)) if both_classes else math.nan,
        "precision_at_10pct": precision,
        "lift_at_10pct": precision / base_rate if base_rate else math.nan,
        "brier": float(brier_score_loss(labels, probabilities)) if len(labels) else math.nan,
        "calibration_error": calibration_error(labels, probabilities),
        "base_rate": base_rate,
        "rows": float(len(labels)),
    }
