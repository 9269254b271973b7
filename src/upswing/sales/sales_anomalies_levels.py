"""What a week was to bring: the course of the whole chain times the level of the weeks around it.

The expectation is retrospective: weeks before and after count, the week itself does not, and weeks out of the ordinary
count less (Huber 1964). It knows no season of its own: with one year nobody does.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from upswing.sales.sales_anomalies_noise import LEAST_MEAN, BoolArray, FloatArray

IntArray = NDArray[np.int64]

REACH = 6
"""Weeks on each side that make a week's level: a quarter of a year in all."""

LEAST_COURSE_SERIES = 10
"""With fewer series there is no course of the chain: what one of them did would be called ordinary."""

ROUNDS = 6

TUNING = 1.0
"""Standard deviations from which a neighbour counts less."""


def running_median(values: FloatArray, reach: int) -> FloatArray:
    """Median of each value and so many on each side along the rows; NaN is left out."""
    found = np.full(values.shape, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for week in range(values.shape[1]):
            found[:, week] = np.nanmedian(values[:, max(0, week - reach) : week + reach + 1], axis=1)
    return found


def chain_course(revenue: FloatArray, steady: BoolArray) -> FloatArray:
    """What each week does to all series alike: above 1 where all bring more, such as at the first of a month.

    Args:
        revenue: shape (n, T), NaN before a series' first week.
        steady: series that speak for the chain, those without a week of nothing, shape (n,).

    Returns:
        The weighted median over these series of the week over the quarter around it, shape (T,); ones where too few
        speak. Weights grow with the square root of the level, so that none decides alone.
    """
    chosen = revenue[steady]
    if len(chosen) < LEAST_COURSE_SERIES:
        return np.ones(revenue.shape[1])
    around = running_median(chosen, REACH)
    ratio = chosen / around
    order = np.argsort(ratio, axis=0, kind="stable")
    weight = np.sqrt(around.mean(axis=1))
    summed = np.cumsum(weight[order], axis=0)
    middle = (summed < summed[-1] / 2).sum(axis=0)
    return np.asarray(np.take_along_axis(ratio, np.take_along_axis(order, middle[None], axis=0), axis=0)[0])


def expected_levels(
    units: FloatArray, course: FloatArray, told: BoolArray, segment: IntArray, spread: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The expectation of each week from the weeks around it, within the same segment.

    Args:
        units: effective units, shape (n, T).
        course: of the chain, shape (T,).
        told: which weeks there are, shape (n, T).
        segment: number of the stretch between two level shifts that a week lies in, shape (n, T).
        spread: of each series, shape (n,).

    Returns:
        Effective units expected, and how many weeks that rests on (0: none), both of shape (n, T).
    """
    place = np.arange(units.shape[1])
    apart = np.abs(place[:, None] - place[None])
    near = ((apart > 0) & (apart <= REACH)).astype(np.float64)

    def around(values: FloatArray) -> FloatArray:
        found = np.zeros(values.shape)
        for number in range(int(segment.max(initial=0)) + 1):
            inside = segment == number
            rows = inside.any(axis=1)
            found[rows] += np.where(inside[rows], (values[rows] * inside[rows]) @ near, 0)
        return found

    weight = told.astype(np.float64)
    mean = np.zeros(units.shape)
    for _round in range(ROUNDS):
        below = around(weight * course)
        level = np.divide(around(weight * units), below, out=np.zeros(units.shape), where=below > 0)
        mean = np.maximum(level * course, LEAST_MEAN)
        deviation = np.abs(units - mean) / np.sqrt(mean + spread[:, None] * mean**2)
        weight = np.where(told, np.minimum(1, TUNING / np.maximum(deviation, 1e-9)), 0)
    return mean, around(weight)
