"""Weights from errors, and what weighted candidates forecast together."""

from __future__ import annotations

import numpy as np

from upswing.sales.forecast_panel import BoolArray, FloatArray


def score_weights(scores: FloatArray, members: int) -> FloatArray:
    """Weights of the ``members`` best candidates by inverse squared score; ties go to the first candidate.

    Args:
        scores: lower is better, infinite for what does not serve, shape (rows, C).
        members: 1 or more.

    Returns:
        Shape (rows, C); rows add up to 1, or to 0 where nothing serves.
    """
    order = np.argsort(scores.round(9), axis=1, kind="stable")[:, :members]
    best = np.take_along_axis(scores, order, axis=1)
    pull = np.where(np.isfinite(best), 1.0 / np.maximum(best, 1e-3) ** 2, 0.0)
    weights = np.zeros(scores.shape)
    np.put_along_axis(weights, order, pull / np.maximum(pull.sum(axis=1, keepdims=True), 1e-12), axis=1)
    return weights


def blend(weights: FloatArray, forecasts: FloatArray, is_median: BoolArray) -> FloatArray:
    """Weighted mean or median of the candidates that serve a series; NaN where none with a weight does.

    Args:
        weights: shape (n, C).
        forecasts: shape (C, n, weeks).
        is_median: of each series, whether its blend is the median, shape (n,).

    Returns:
        Shape (n, weeks).
    """
    usable = weights * serving(forecasts)
    whole = usable.sum(axis=1)
    known = np.nan_to_num(forecasts)
    blended = np.einsum("nc,cnw->nw", usable, known) / np.where(whole > 0, whole, 1.0)[:, None]
    blended[is_median] = _weighted_median(usable[is_median], known[:, is_median])
    return np.where((whole > 0)[:, None], blended, np.nan)


def _weighted_median(weights: FloatArray, forecasts: FloatArray) -> FloatArray:
    """Of each week the least forecast up to which half of the weight lies, shape (n, weeks)."""
    values = forecasts.transpose(1, 2, 0)
    order = np.argsort(values, axis=2, kind="stable")
    reached = np.take_along_axis(np.broadcast_to(weights[:, None, :], values.shape), order, axis=2).cumsum(axis=2)
    # A hair below one half, so that rounding does not decide where the weights split evenly.
    middle = (reached >= reached[:, :, -1:] * (0.5 - 1e-9)).argmax(axis=2)
    ordered = np.take_along_axis(values, order, axis=2)
    return np.asarray(np.take_along_axis(ordered, middle[:, :, None], axis=2)[:, :, 0])


def serving(forecasts: FloatArray) -> BoolArray:
    """Whether a candidate serves a series in all weeks, shape (n, C), of forecasts of shape (C, n, weeks)."""
    return np.asarray(np.isfinite(forecasts).all(axis=2).T)
