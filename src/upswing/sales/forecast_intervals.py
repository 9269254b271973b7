"""Intervals around a forecast from its own errors on earlier windows: split conformal prediction.

Errors are divided by the scale of the series as it was known when the forecast was made, then pooled over series that
are alike and over bands of the weeks ahead (Vovk et al. 2005; Stankeviciute et al. 2021 for several weeks ahead).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upswing.sales.forecast_accuracy import horizon_bands
from upswing.sales.forecast_groups import GROUPS, group_pools
from upswing.sales.forecast_panel import FloatArray, IntArray

LEVELS_OF_BOUNDS = (0.1, 0.9, 0.025, 0.975)
"""Of lower 80, upper 80, lower 95, upper 95."""

SPREAD_WEEKS = 26
"""What was half a year ago says little of how a series moves now."""

LEAST_ERRORS = 40
"""From so many errors on, the 95 % bounds are quantiles of them and not their extremes; fewer join a larger pool."""


@dataclass(frozen=True)
class Intervals:
    """Scaled bounds.

    Attributes:
        quantiles: of the scaled errors, actual less forecast, shape (groups, weeks, 4); NaN where nothing is known.
    """

    quantiles: FloatArray

    @classmethod
    def calibrated(cls, errors: FloatArray, spreads: FloatArray, groups: IntArray) -> Intervals:
        """Learn from windows.

        Args:
            errors: actual less forecast, shape (windows, n, weeks); NaN where there is no forecast or no such week.
            spreads: of each series as known at the origin of each window (:func:`series_spreads`), shape (windows, n).
            groups: place in :data:`GROUPS` of each series, shape (n,).
        """
        scaled = errors / spreads[:, :, None]
        weeks = errors.shape[2]
        quantiles = np.full((len(GROUPS), weeks, 4), np.nan)
        for band in _smallest_bands(weeks):
            known = np.isfinite(scaled[:, :, band])
            counts = np.bincount(groups, known.sum(axis=(0, 2)), minlength=len(GROUPS)).astype(np.int64)
            for group, pool in enumerate(group_pools(counts, LEAST_ERRORS)):
                pooled = scaled[:, np.isin(groups, pool), band].ravel()
                quantiles[group, band] = conformal_quantiles(pooled[np.isfinite(pooled)])
        return cls(quantiles)

    def bounds(self, forecast: FloatArray, spreads: FloatArray, groups: IntArray, floors: FloatArray) -> FloatArray:
        """Lower 80, upper 80, lower 95, upper 95, never on the wrong side of the forecast or of one another.

        Args:
            forecast: shape (n, weeks).
            spreads: shape (n,).
            groups: place in :data:`GROUPS` of each series, shape (n,).
            floors: least revenue that is possible, 0 or minus infinity, shape (n,).

        Returns:
            Shape (n, weeks, 4); NaN where nothing is known.
        """
        around = forecast[:, :, None] + self.quantiles[groups] * spreads[:, None, None]
        lower = np.maximum(around[:, :, [0, 2]], floors[:, None, None])
        lower = np.minimum(lower, forecast[:, :, None])
        upper = np.maximum(around[:, :, [1, 3]], forecast[:, :, None])
        lower_95, upper_95 = np.minimum(lower[..., 0], lower[..., 1]), np.maximum(upper[..., 0], upper[..., 1])
        return np.stack([lower[..., 0], upper[..., 0], lower_95, upper_95], axis=2)


def series_spreads(revenue: FloatArray, origin: int) -> FloatArray:
    """How much a series moved lately: half its mean absolute change from week to week, half that from its median.

    Args:
        revenue: shape (n, T); NaN before a series' first week.
        origin: weeks known; the last :data:`SPREAD_WEEKS` of them count.

    Returns:
        Shape (n,), in revenue; NaN where there are fewer than two weeks, or where it never moved.
    """
    known = revenue[:, :origin]
    steps = np.abs(np.diff(known, axis=1))
    weeks = np.isfinite(steps).sum(axis=1)
    lately = known[:, -SPREAD_WEEKS:]
    seen = np.isfinite(lately).sum(axis=1)
    middle = np.zeros(len(known))
    middle[seen > 0] = np.nanmedian(lately[seen > 0], axis=1)
    apart = np.nan_to_num(np.abs(lately - middle[:, None])).sum(axis=1) / np.maximum(seen, 1)
    spread = 0.5 * np.nan_to_num(steps).sum(axis=1) / np.maximum(weeks, 1) + 0.5 * apart
    return np.where((weeks > 0) & (spread > 0), spread, np.nan)


def conformal_quantiles(errors: FloatArray) -> FloatArray:
    """Quantiles of :data:`LEVELS_OF_BOUNDS`, each one rank further out than the plain ones for the error to come.

    Args:
        errors: numbers, in any order.

    Returns:
        Shape (4,); NaN without any error, the extremes where there are too few.
    """
    if not len(errors):
        return np.full(4, np.nan)
    ordered = np.sort(errors)
    number = len(ordered)
    ranks = [
        np.floor((number + 1) * level) if level < 0.5 else np.ceil((number + 1) * level) for level in LEVELS_OF_BOUNDS
    ]
    return np.asarray(ordered[np.clip(np.array(ranks, dtype=np.int64), 1, number) - 1])


def _smallest_bands(weeks: int) -> list[slice]:
    bands = list(horizon_bands(weeks).values())
    return bands[:-1] if len(bands) > 1 else bands
