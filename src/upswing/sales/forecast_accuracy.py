"""How good a forecast is: scaled errors, shares and bias, by series and by level, over bands of the weeks ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upswing.sales.forecast_panel import BoolArray, FloatArray

NEAR_WEEKS = 4
"""Weeks of the nearer band: what is ordered and planned next."""

MEASURES = ("mase", "rmsse", "wape", "bias")
COVERAGES = ("coverage_80", "coverage_95")


@dataclass(frozen=True)
class ErrorScales:
    """What the errors of a series are measured in: those of the naive forecast one week ahead in its own history.

    Sources: Hyndman and Koehler 2006 (MASE); M5 competition (RMSSE).

    Attributes:
        absolute: mean absolute difference of weeks a season apart, in revenue, shape (n,); NaN where there are none, or
            where the series never moved.
        squared: mean squared difference, likewise.
    """

    absolute: FloatArray
    squared: FloatArray

    @classmethod
    def of(cls, revenue: FloatArray, origin: int, season: int) -> ErrorScales:
        """Scales known at an origin; a series younger than a season is scaled by one week's difference.

        Args:
            revenue: shape (n, T); NaN before a series' first week.
            origin: weeks known.
            season: weeks between the two that are compared, 1 or more.
        """
        if season > 1:
            seasonal, weekly = cls.of_steps(revenue, origin, season), cls.of_steps(revenue, origin, 1)
            has_season = np.isfinite(seasonal.absolute)
            return cls(
                np.where(has_season, seasonal.absolute, weekly.absolute),
                np.where(has_season, seasonal.squared, weekly.squared),
            )
        return cls.of_steps(revenue, origin, season)

    @classmethod
    def of_steps(cls, revenue: FloatArray, origin: int, apart: int) -> ErrorScales:
        """Scales from weeks so many weeks apart."""
        steps = revenue[:, apart:origin] - revenue[:, : max(origin - apart, 0)]
        known = np.isfinite(steps).sum(axis=1)
        sizes = np.nan_to_num(steps)
        return cls(_positive_mean(np.abs(sizes), known), _positive_mean(sizes**2, known))

    def take(self, rows: BoolArray) -> ErrorScales:
        """The scales of some of the series."""
        return ErrorScales(self.absolute[rows], self.squared[rows])


def horizon_bands(horizon: int) -> dict[str, slice]:
    """Bands of the weeks ahead by name: the first four, those after them, all (alone where there are no more)."""
    everything = {f"1-{horizon}": slice(0, horizon)}
    if horizon <= NEAR_WEEKS:
        return everything
    return {
        f"1-{NEAR_WEEKS}": slice(0, NEAR_WEEKS),
        f"{NEAR_WEEKS + 1}-{horizon}": slice(NEAR_WEEKS, horizon),
    } | everything


def mean_scaled_errors(actual: FloatArray, forecast: FloatArray, scales: FloatArray) -> FloatArray:
    """Mean absolute error over the scale of the series (MASE), shape (..., n) for weeks in the last dimension.

    NaN where the forecast, what was or the scale is not known.
    """
    return np.asarray(np.abs(forecast - actual).mean(axis=-1) / scales)


def series_accuracy(actual: FloatArray, forecast: FloatArray, scales: ErrorScales) -> dict[str, FloatArray]:
    """The :data:`MEASURES` of each series over the given weeks.

    MASE and RMSSE are errors over those of the naive forecast one week ahead; WAPE is the sum of absolute errors over
    the sum of absolute revenue; bias the sum of forecast less actual over the same.

    Args:
        actual: revenue, shape (n, weeks).
        forecast: shape (n, weeks).
        scales: known at the origin.

    Returns:
        Arrays of shape (n,); NaN where a series cannot carry the measure.
    """
    errors = forecast - actual
    revenue = np.abs(actual).sum(axis=1)
    return {
        "mase": mean_scaled_errors(actual, forecast, scales.absolute),
        "rmsse": np.sqrt((errors**2).mean(axis=1) / scales.squared),
        "wape": _ratio(np.abs(errors).sum(axis=1), revenue),
        "bias": _ratio(errors.sum(axis=1), revenue),
    }


def level_accuracy(actual: FloatArray, forecast: FloatArray, scales: ErrorScales) -> dict[str, float]:
    """The :data:`MEASURES` of a level, and the number of its series with a MASE.

    MASE and RMSSE are the mean over its series, WAPE and bias over their sums. Series without a forecast are left out.

    Args:
        actual: revenue, shape (n, weeks).
        forecast: shape (n, weeks).
        scales: known at the origin.
    """
    served = whole_rows(forecast) & whole_rows(actual)
    each = series_accuracy(actual[served], forecast[served], scales.take(served))
    errors = (forecast - actual)[served]
    revenue = float(np.abs(actual[served]).sum())
    return {
        "mase": nan_mean(each["mase"]),
        "rmsse": nan_mean(each["rmsse"]),
        "wape": float(np.abs(errors).sum()) / revenue if revenue else np.nan,
        "bias": float(errors.sum()) / revenue if revenue else np.nan,
        "rows": float(np.isfinite(each["mase"]).sum()),
    }


def covered_shares(actual: FloatArray, bounds: FloatArray) -> dict[str, FloatArray]:
    """Share of the weeks that fell within the bounds, of each series, under the :data:`COVERAGES`.

    Args:
        actual: revenue, shape (n, weeks).
        bounds: lower 80, upper 80, lower 95, upper 95 in the last dimension, shape (n, weeks, 4).
    """
    found = {}
    for place, name in enumerate(COVERAGES):
        lower, upper = bounds[..., 2 * place], bounds[..., 2 * place + 1]
        # A bound is a rounded sum: what lies on it to the millionth is within it.
        slack = 1e-6 * (1.0 + np.abs(actual))
        inside = (lower - slack <= actual) & (actual <= upper + slack)
        known = (np.isfinite(lower) & np.isfinite(actual)).all(axis=1)
        found[name] = np.where(known, inside.mean(axis=1), np.nan)
    return found


def whole_rows(values: FloatArray) -> BoolArray:
    """Whether all values of a row are numbers, shape (rows,)."""
    return np.asarray(np.isfinite(values).all(axis=1))


def nan_mean(values: FloatArray) -> float:
    """Mean of the values that are numbers; NaN where none is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float(np.nan)


def _positive_mean(sizes: FloatArray, known: FloatArray) -> FloatArray:
    mean = sizes.sum(axis=1) / np.maximum(known, 1)
    return np.where((known > 0) & (mean > 0), mean, np.nan)


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    return np.where(denominator > 0, numerator / np.where(denominator > 0, denominator, 1.0), np.nan)
