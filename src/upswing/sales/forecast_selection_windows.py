"""Forecasts of all candidates on past windows, beside what was."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from upswing.sales.forecast_panel import FloatArray, IntArray


@dataclass(frozen=True)
class Windows:
    """Forecasts of all candidates on windows that they were not learned from.

    Attributes:
        candidates: names, C of them.
        origins: weeks known when each was forecast, shape (windows,).
        forecasts: shape (windows, C, n, weeks); NaN where a candidate does not serve a series.
        actual: revenue, shape (windows, n, weeks); NaN where the series had not begun.
        scales: of the absolute error, known at each origin, shape (windows, n).
    """

    candidates: tuple[str, ...]
    origins: tuple[int, ...]
    forecasts: FloatArray
    actual: FloatArray
    scales: FloatArray

    @classmethod
    def of(
        cls, forecasts: Mapping[int, Mapping[str, FloatArray]], revenue: FloatArray, scales: Mapping[int, FloatArray]
    ) -> Windows:
        """Windows of some origins.

        Args:
            forecasts: of each origin and candidate, shape (n, weeks).
            revenue: shape (n, T).
            scales: of each origin, shape (n,).
        """
        origins = tuple(sorted(forecasts))
        candidates = tuple(forecasts[origins[0]])
        stacked = np.stack([np.stack([forecasts[origin][name] for name in candidates]) for origin in origins])
        weeks = stacked.shape[3]
        actual = np.stack([revenue[:, origin : origin + weeks] for origin in origins])
        return cls(candidates, origins, stacked, actual, np.stack([scales[origin] for origin in origins]))

    def scaled_errors(self, place: int) -> FloatArray:
        """Absolute errors on one window over the scale of the series, shape (n, C, weeks)."""
        errors = np.abs(self.forecasts[place] - self.actual[place]) / self.scales[place][:, None]
        return np.asarray(errors.transpose(1, 0, 2))

    def errors_known(self, until: float = math.inf) -> tuple[FloatArray, IntArray]:
        """Mean scaled error of the weeks before ``until``, over all windows.

        Returns:
            Shape (n, C), NaN where a candidate does not serve; number of weeks that are averaged, shape (n,).
        """
        weeks = self.forecasts.shape[3]
        taken = [
            self.scaled_errors(place)[:, :, : int(min(max(until - origin, 0), weeks))]
            for place, origin in enumerate(self.origins)
        ]
        errors = np.concatenate(taken, axis=2)
        known = np.isfinite(errors)
        served = known.sum(axis=2)
        return quotient(np.where(known, errors, 0.0).sum(axis=2), served), served.max(axis=1, initial=0)


def quotient(total: FloatArray, number: IntArray) -> FloatArray:
    """A sum over its number of values; NaN where there are none."""
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)
