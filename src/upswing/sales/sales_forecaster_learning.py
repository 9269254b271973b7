"""What the sales forecaster learns on past windows: who serves, how far errors reach, which variances reconcile."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from upswing.sales.forecast_accuracy import ErrorScales
from upswing.sales.forecast_groups import GROUPS, group_pools, series_groups, sparse_series
from upswing.sales.forecast_intervals import Intervals, series_spreads
from upswing.sales.forecast_panel import FloatArray, IntArray, SalesPanel
from upswing.sales.forecast_selection import LEAST_SERIES, Selection, select_candidates
from upswing.sales.forecast_selection_windows import Windows
from upswing.sales.sales_forecaster_rules import ForecastRules


def learn_rules(
    panel: SalesPanel, forecasts: Mapping[int, Mapping[str, FloatArray]], season: int
) -> tuple[ForecastRules, FloatArray]:
    """Choose who serves and calibrate the intervals; looks at nothing after the newest window.

    Args:
        panel: all series.
        forecasts: of all candidates, of each window by its origin; one or more.
        season: that errors are scaled by.

    Returns:
        The rules, and by week ahead the mean scaled error of what they serve on the windows, shape (weeks,).
    """
    windows = windows_of(panel, forecasts, season)
    groups = series_groups(panel.levels, sparse_series(panel.revenue, windows.origins[-1]))
    chosen = select_candidates(windows, groups)
    blended = np.stack([chosen.blend(window) for window in windows.forecasts])
    ratios = _error_ratios(windows, blended)
    rules = ForecastRules(
        windows.candidates,
        tuple(panel.keys),
        _known_weights(chosen, windows),
        chosen.group_weights,
        chosen.group_is_median[groups],
        chosen.group_is_median,
        tuple(strategy.name for strategy in chosen.strategies),
        ratios,
        _group_ratios(ratios, groups),
        Intervals(np.full((len(GROUPS), windows.forecasts.shape[3], 4), np.nan)),
        season,
    )
    origins = windows.origins
    served = np.stack([rules.reconciled(panel, origin, blended[place]) for place, origin in enumerate(origins)])
    spreads = np.stack([series_spreads(panel.revenue, origin) for origin in origins])
    errors = windows.actual - served
    rules = dataclasses.replace(rules, intervals=Intervals.calibrated(errors, spreads, groups))
    scaled = np.abs(errors) / windows.scales[:, :, None]
    known = np.isfinite(scaled)
    expected = np.where(known, scaled, 0.0).sum(axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1)
    return rules, expected


def windows_of(panel: SalesPanel, forecasts: Mapping[int, Mapping[str, FloatArray]], season: int) -> Windows:
    """Forecasts of some origins beside what was."""
    scales = {origin: ErrorScales.of(panel.revenue, origin, season).absolute for origin in forecasts}
    return Windows.of(forecasts, panel.revenue, scales)


def _known_weights(chosen: Selection, windows: Windows) -> FloatArray:
    """Weights of those series that have a window; 0 for the others, which are served like their group."""
    has_window = np.asarray(np.isfinite(windows.errors_known()[0]).any(axis=1))
    return np.where(has_window[:, None], chosen.weights, 0.0)


def _error_ratios(windows: Windows, served: FloatArray) -> FloatArray:
    squared = ((windows.actual - served) / windows.scales[:, :, None]) ** 2
    known = np.isfinite(squared)
    number = known.sum(axis=(0, 2))
    mean = np.where(known, squared, 0.0).sum(axis=(0, 2)) / np.maximum(number, 1)
    return np.where(number > 0, np.sqrt(mean), np.nan)


def _group_ratios(ratios: FloatArray, groups: IntArray) -> FloatArray:
    known = np.isfinite(ratios)
    counts = np.bincount(groups[known], minlength=len(GROUPS))
    found = np.full(len(GROUPS), math.nan)
    for group, pool in enumerate(group_pools(counts, LEAST_SERIES)):
        pooled = ratios[known & np.isin(groups, pool)]
        found[group] = np.median(pooled) if len(pooled) else math.nan
    return found
