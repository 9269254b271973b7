"""Candidates that learn each series by itself: smoothing, ETS, Theta, ARIMA and the methods for intermittent demand.

The models are those of statsforecast. What is learned of a series is a handful of numbers; newer weeks are run through
them without learning anew. All but the two naive baselines look at revenue without the course of the calendar.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.sales.forecast_panel import BoolArray, FloatArray, IntArray
from upswing.sales.statistical_candidates_models import OWN_MODELS, OwnModel

SMOOTHING_BOUNDS = (0.05, 0.3)
"""Of the smoothing parameter of simple exponential smoothing; ETS has no such bounds."""

TSB_ALPHA = 0.1
"""For size and probability of demand, as Teunter, Syntetos and Babai (2011) recommend for slow movers."""

LEAST_WEEKS = {"exponential_smoothing": 2, "croston": 2, "tsb": 2, "ets": 10, "theta": 10, "arima": 16}
"""Weeks below which a candidate does not serve a series."""


@dataclass(frozen=True)
class StatisticalCandidates:
    """What was learned of each of n series.

    Attributes:
        alphas: smoothing parameter of simple exponential smoothing, shape (n,); NaN where it was not learned.
        own: of ``ets``, ``theta`` and ``arima`` the numbers of :class:`OwnModel`, shape (n, numbers); rows of NaN where
            it was not learned.
        failures: of a candidate, the rows of the series that it failed on.
    """

    alphas: FloatArray
    own: dict[str, FloatArray]
    failures: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def learn(
        cls, revenue: FloatArray, wanted: dict[str, BoolArray], told: Callable[[int], None]
    ) -> StatisticalCandidates:
        """Learn.

        Args:
            revenue: without the course of the calendar, shape (n, weeks); NaN before a series' first week.
            wanted: of ``exponential_smoothing``, ``ets``, ``theta`` and ``arima``, for which series, shape (n,).
            told: told how many more series are done.
        """
        with warnings.catch_warnings():
            # An optimiser warns of every impossible parameter that it tries.
            warnings.simplefilter("ignore", RuntimeWarning)
            alphas = np.full(len(revenue), np.nan)
            for row, series in _each(revenue, wanted["exponential_smoothing"], LEAST_WEEKS["exponential_smoothing"]):
                alphas[row] = _smoothing_parameter(series)
            own, failures = {}, {}
            for name, model in OWN_MODELS.items():
                own[name], failed = _learn_own(model, revenue, wanted[name], LEAST_WEEKS[name], told)
                if failed:
                    failures[name] = failed
        return cls(alphas, own, failures)

    def forecast(self, revenue: FloatArray, known: IntArray, weeks: int) -> dict[str, FloatArray]:
        """Run newer weeks through what was learned.

        Args:
            revenue: of m series, without the course of the calendar, shape (m, weeks).
            known: for each of them its row at learning, or -1 where the series is new since, shape (m,).
            weeks: ahead.

        Returns:
            Of each candidate shape (m, weeks); NaN where it does not serve.
        """
        found = {
            "exponential_smoothing": self._smoothed(revenue, known, weeks),
            "croston": _intermittent(revenue, "croston", weeks),
            "tsb": _intermittent(revenue, "tsb", weeks),
        }
        for name, model in OWN_MODELS.items():
            found[name] = _run_forward(model, self.own[name], revenue, known, weeks)
        return found

    def packed(self) -> dict[str, NDArray[Any]]:
        """The numbers as arrays."""
        return {"alphas": self.alphas} | {f"own.{name}": numbers for name, numbers in self.own.items()}

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]], failures: dict[str, list[int]]) -> StatisticalCandidates:
        """What :meth:`packed` packed."""
        return cls(arrays["alphas"], {name: arrays[f"own.{name}"] for name in OWN_MODELS}, failures)

    def _smoothed(self, revenue: FloatArray, known: IntArray, weeks: int) -> FloatArray:
        """A series that is new since gets the median of the others' smoothing parameters."""
        from statsforecast.models import SimpleExponentialSmoothing

        learned = self.alphas[np.isfinite(self.alphas)]
        found = np.full((len(revenue), weeks), np.nan)
        if len(learned):
            alphas = np.where(known >= 0, self.alphas[known], np.median(learned))
            for row, series in _each(revenue, np.isfinite(alphas), LEAST_WEEKS["exponential_smoothing"]):
                found[row] = SimpleExponentialSmoothing(alphas[row]).forecast(series, weeks)["mean"]
        return found


def seasonal_naive(revenue: FloatArray, season_length: int, weeks: int) -> FloatArray:
    """The last season again; the last week where a series is younger than the season. Shape (n, weeks)."""
    count = revenue.shape[1]
    last = np.repeat(revenue[:, -1:], weeks, axis=1)
    if count < season_length:
        return last
    again = revenue[:, count - season_length + np.arange(weeks) % season_length]
    return np.where(np.isfinite(revenue[:, [count - season_length]]), again, last)


def moving_average(revenue: FloatArray, weeks_back: int, weeks: int) -> FloatArray:
    """Mean of the last weeks, of fewer where a series is younger. Shape (n, weeks)."""
    recent = revenue[:, -weeks_back:]
    is_known = np.isfinite(recent)
    number = is_known.sum(axis=1)
    sums = np.where(is_known, recent, 0.0).sum(axis=1)
    means = np.divide(sums, number, out=np.full(len(recent), np.nan), where=number > 0)
    return np.repeat(means[:, None], weeks, axis=1)


def _each(revenue: FloatArray, wanted: BoolArray, least_weeks: int) -> Iterator[tuple[int, FloatArray]]:
    """Row and known weeks of each wanted series that is long enough."""
    long_enough = np.isfinite(revenue).sum(axis=1) >= least_weeks
    for row in np.flatnonzero(wanted & long_enough):
        series = revenue[row]
        yield int(row), series[np.isfinite(series)]


def _learn_own(
    model: OwnModel, revenue: FloatArray, wanted: BoolArray, least_weeks: int, told: Callable[[int], None]
) -> tuple[FloatArray, list[int]]:
    """Numbers of each series, and the rows that it failed on."""
    numbers, failed = np.full((len(revenue), model.numbers), np.nan), []
    for row, series in _each(revenue, wanted, least_weeks):
        try:
            numbers[row] = model.learn(series)
        except Exception:  # a library's optimiser may raise anything, and one series never stops the others
            failed.append(row)
        told(model.cost)
    return numbers, failed


def _smoothing_parameter(series: FloatArray) -> float:
    """With the least squared error one week ahead, within :data:`SMOOTHING_BOUNDS`."""
    from statsforecast.models import _optimized_ses_forecast

    return float(_optimized_ses_forecast(series, SMOOTHING_BOUNDS)[2])


def _intermittent(revenue: FloatArray, name: str, weeks: int) -> FloatArray:
    """Croston's method with the correction of Syntetos and Boylan (2005), or TSB; returns count as no demand."""
    from statsforecast.models import TSB, CrostonSBA

    model = CrostonSBA() if name == "croston" else TSB(TSB_ALPHA, TSB_ALPHA)
    found = np.full((len(revenue), weeks), np.nan)
    for row, series in _each(revenue, np.ones(len(revenue), dtype=np.bool_), LEAST_WEEKS[name]):
        found[row] = model.forecast(np.maximum(series, 0.0), weeks)["mean"]
    return found


def _run_forward(model: OwnModel, numbers: FloatArray, revenue: FloatArray, known: IntArray, weeks: int) -> FloatArray:
    found = np.full((len(revenue), weeks), np.nan)
    is_learned = (known >= 0) & np.isfinite(numbers[known, 0] if len(numbers) else np.full(len(known), np.nan))
    for row, series in _each(revenue, is_learned, 2):
        try:
            found[row] = model.forecast(numbers[known[row]], series, weeks)
        except Exception:  # as above: the series stays without this candidate
            found[row] = np.nan
    return np.where(np.isfinite(found).all(axis=1, keepdims=True), found, np.nan)
