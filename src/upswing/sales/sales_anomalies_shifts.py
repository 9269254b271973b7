"""Level shifts: weeks from which a series goes on at another level.

Each week is compared with the quarter before and after (up to :data:`REACH` weeks, at least :data:`LEAST_WEEKS`), on
the stabilised scale and without its outliers; series are split at their clearest shift, and split again (binary
segmentation, Vostrikova 1981). No library for it is among those that are kept here. Demand drifts by itself, so that
plain standard errors are too small: they are widened until the typical comparison is unremarkable (Devlin and Roeder
1999, genomic control). A shift must explain a series better than a straight line does, which keeps seasons out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from upswing.sales.sales_anomalies_levels import IntArray, running_median
from upswing.sales.sales_anomalies_noise import BoolArray, FloatArray

LEAST_WEEKS = 4
"""Weeks at the least before and after a shift: what lasts less long is a spike or a drop."""

REACH = 13
CLEANING_REACH = 4
CLEANING_BOUND = 2.0
LEAST_DEVIATION = 0.4
PRIOR_WEEKS = 10
"""The typical variance of a level counts as so many weeks beside a series' own."""

MOST_WEEKS_OFF = 2
MOST_SPLITS = 6
MOST_INFLATION = 2.5
TYPICAL_NORMAL = float(stats.norm.ppf(0.75))


@dataclass(frozen=True)
class Shifts:
    """Shifts that were found, one element a shift, sorted by series and week.

    Attributes:
        rows: series.
        weeks: column of the first week at the new level.
        scores: standard errors between the two levels, widened; positive upward.
        q_values: false discovery rate among the stretches that were tested.
    """

    rows: IntArray
    weeks: IntArray
    scores: FloatArray
    q_values: FloatArray

    def segments(self, shape: tuple[int, int]) -> IntArray:
        """How many shifts of its series lie before or in each week, of the shape given."""
        begins = np.zeros(shape, dtype=np.int64)
        begins[self.rows, self.weeks] = 1
        return np.asarray(np.cumsum(begins, axis=1))


def cleaned(values: FloatArray, told: BoolArray) -> FloatArray:
    """Values drawn to within two deviations of their running median; 0 where not told."""
    median = running_median(np.where(told, values, np.nan), CLEANING_REACH)
    apart = np.where(told, values - median, 0)
    typical = np.array([np.median(np.abs(row[has])) if has.any() else 0 for row, has in zip(apart, told, strict=True)])
    bound = CLEANING_BOUND * np.maximum(1.4826 * typical, LEAST_DEVIATION)[:, None]
    return np.where(told, median + np.clip(apart, -bound, bound), 0)


def find_shifts(values: FloatArray, told: BoolArray, levels: NDArray[np.str_], rate: float) -> Shifts:
    """All shifts of all series.

    Args:
        values: stabilised and cleaned, shape (n, T).
        told: which weeks there are; once begun, a series goes on to the end; shape (n, T).
        levels: names of the groups that share their variance and how far they drift, shape (n,).
        rate: false discovery rate among the stretches tested in each round.
    """
    n, width = values.shape
    marks = np.zeros((n, width), dtype=np.bool_)
    scores, q_values = np.zeros((n, width)), np.ones((n, width))
    first = width - told.sum(axis=1)
    inflation: dict[str, tuple[float, float]] = {}
    for _split in range(MOST_SPLITS):
        begin, end = _bounds(marks, first)
        comparison = _compared(values, begin, end)
        if not inflation:
            inflation = {str(level): _inflation(comparison, levels == level) for level in np.unique(levels)}
        variance = np.array([inflation[str(level)][0] for level in levels])[:, None]
        widening = np.array([inflation[str(level)][1] for level in levels])[:, None]
        score = comparison.scores(variance) / widening
        found = list(_clearest(score, comparison, begin))
        if not found:
            break
        rows, weeks, p_values = (np.array(column) for column in zip(*found, strict=True))
        adjusted = stats.false_discovery_control(p_values)
        kept = adjusted <= rate
        rows, weeks = rows[kept].astype(np.int64), weeks[kept].astype(np.int64)
        if not len(rows):
            break
        marks[rows, weeks] = True
        scores[rows, weeks] = score[rows, weeks]
        q_values[rows, weeks] = adjusted[kept]
    rows, weeks = np.nonzero(marks)
    return Shifts(rows, weeks, scores[rows, weeks], q_values[rows, weeks])


def redated(shifts: Shifts, values: FloatArray, told: BoolArray) -> Shifts:
    """The shifts at the week where the values as they are, not cleaned, change sides; at most two weeks away.

    Cleaning takes the last week before a fall for an outlier of the weeks after it.

    Args:
        shifts: as :func:`find_shifts` gives them.
        values: stabilised, not cleaned, shape (n, T).
        told: which weeks there are, shape (n, T).
    """
    weeks = shifts.weeks.copy()
    first = values.shape[1] - told.sum(axis=1)
    for place, (row, week) in enumerate(zip(shifts.rows, shifts.weeks, strict=True)):
        same_row = shifts.rows == row
        low = max(int(first[row]), *weeks[same_row & (shifts.weeks < week)], 0)
        high = min(values.shape[1], *shifts.weeks[same_row & (shifts.weeks > week)], values.shape[1])
        series = values[row]
        before, after = (
            np.median(series[max(low, week - REACH) : week]),
            np.median(series[week : min(high, week + REACH)]),
        )
        apart = np.abs(series - before) - np.abs(series - after)
        nearby = np.arange(
            max(week - MOST_WEEKS_OFF, low + LEAST_WEEKS), min(week + MOST_WEEKS_OFF, high - LEAST_WEEKS) + 1
        )
        cost = [apart[week - MOST_WEEKS_OFF : other].sum() for other in nearby]
        weeks[place] = min(zip(cost, np.abs(nearby - week), nearby, strict=True), default=(0, 0, week))[2]
    return Shifts(shifts.rows, weeks, shifts.scores, shifts.q_values)


@dataclass(frozen=True)
class _Comparison:
    """The weeks before and after each week: how many, how far apart, and what is left beside the step; shape (n, T)."""

    before: IntArray
    after: IntArray
    step: FloatArray
    rest: FloatArray
    is_step: BoolArray
    is_tested: BoolArray

    def scores(self, variance: FloatArray) -> FloatArray:
        """Standard errors between the levels; 0 where not tested."""
        weeks = self.before + self.after
        pooled = (self.rest + PRIOR_WEEKS * variance) / np.maximum(weeks - 2 + PRIOR_WEEKS, 1)
        error = np.sqrt(pooled * (1 / np.maximum(self.before, 1) + 1 / np.maximum(self.after, 1)))
        return np.where(self.is_tested, self.step / np.maximum(error, 1e-9), 0)


def _compared(values: FloatArray, begin: IntArray, end: IntArray) -> _Comparison:
    n, width = values.shape
    week = np.broadcast_to(np.arange(width), (n, width))
    low, high = np.maximum(begin, week - REACH), np.minimum(end, week + REACH)
    before, after = np.maximum(week - low, 0), high - week
    both = np.maximum(before + after, 1)

    def total(of: FloatArray, start: IntArray, stop: IntArray) -> FloatArray:
        summed = np.concatenate([np.zeros((n, 1)), np.cumsum(of, axis=1)], axis=1)
        return np.asarray(np.take_along_axis(summed, stop, 1) - np.take_along_axis(summed, np.minimum(start, stop), 1))

    left, right = total(values, low, week), total(values, week, high)
    whole = left + right
    step = right / np.maximum(after, 1) - left / np.maximum(before, 1)
    squares = np.maximum(total(values**2, low, high) - whole**2 / both, 0)
    by_step = before * after / both * step**2
    slope_weight = np.maximum(both * (both**2 - 1) / 12, 1e-9)
    tilt = total(values * np.arange(width), low, high) - (low + high - 1) / 2 * whole
    is_tested = (before >= LEAST_WEEKS) & (after >= LEAST_WEEKS)
    return _Comparison(
        before, after, step, np.maximum(squares - by_step, 0), by_step > tilt**2 / slope_weight, is_tested
    )


def _inflation(comparison: _Comparison, of_level: BoolArray) -> tuple[float, float]:
    """Typical variance of a level's series, and how much wider than chance its typical comparison is."""
    tested = comparison.is_tested & of_level[:, None]
    if not tested.any():
        return 1.0, 1.0
    weeks = comparison.before + comparison.after
    variance = max(float(np.median(comparison.rest[tested] / np.maximum(weeks[tested] - 2, 1))), LEAST_DEVIATION**2)
    typical = float(np.median(np.abs(comparison.scores(np.asarray(variance))[tested])))
    return variance, float(np.clip(typical / TYPICAL_NORMAL, 1, MOST_INFLATION))


def _clearest(score: FloatArray, comparison: _Comparison, begin: IntArray) -> Iterator[tuple[int, int, float]]:
    """Series, week and p-value of the clearest step of each stretch, corrected for the weeks that it was sought in."""
    allowed = comparison.is_tested & comparison.is_step
    freedom = comparison.before + comparison.after - 2 + PRIOR_WEEKS
    p_values = np.where(allowed, 2 * stats.t.sf(np.abs(score), np.maximum(freedom, 1)), 2.0)
    for row in np.flatnonzero(comparison.is_tested.any(axis=1)):
        for start in np.unique(begin[row][comparison.is_tested[row]]):
            stretch = (begin[row] == start) & comparison.is_tested[row]
            week = int(np.where(stretch, p_values[row], 3).argmin())
            yield int(row), week, min(1.0, float(p_values[row, week]) * int(stretch.sum()))


def _bounds(marks: BoolArray, first: IntArray) -> tuple[IntArray, IntArray]:
    """First column of the stretch that each week lies in, and the column after its last; shape (n, T)."""
    n, width = marks.shape
    week = np.broadcast_to(np.arange(width), (n, width))
    begin = np.maximum(np.maximum.accumulate(np.where(marks, week, 0), axis=1), first[:, None])
    later = np.minimum.accumulate(np.where(marks, week, width)[:, ::-1], axis=1)[:, ::-1]
    end = np.concatenate([later[:, 1:], np.full((n, 1), width)], axis=1)
    return np.asarray(begin), np.asarray(end)
