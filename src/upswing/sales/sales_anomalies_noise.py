"""What chance does to weekly revenue: counts of units bought, more uneven than Poisson.

A week's revenue over the series' revenue a unit is a number of effective units. Around its mean m it scatters with
variance m + spread·m² (negative binomial); the spread is the series' own, learned from its ordinary weeks. Sources:
Anscombe 1948, The transformation of Poisson, binomial and negative-binomial data; Huber 1964 (bounded squares);
Robbins 1956 and Morris 1983 (empirical Bayes: few weeks say little of a series, and what all have says the rest).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SPREADS: FloatArray = np.geomspace(0.005, 4, 24)
"""Spreads that are tried, in steps of a third: however much is sold, a week scatters by 7 to 200 %."""

BOUND = 1.5
"""Standard deviations from which a week counts no more for the spread, so that a fifth of them may be anomalies."""

LEAST_MEAN = 0.02
"""Effective units a week below which no level is told from another."""

SERIES_APART = 1.0
"""Standard deviation of the logarithm of spread among series of a level."""

POSTERIOR_NODES, POSTERIOR_WEIGHTS = np.array([-(3**0.5), 0, 3**0.5]), np.array([1, 4, 1]) / 6
"""Gauss and Hermite's three points and weights, by which what is not known of a spread enters the tails."""

BLANK_TAIL = 1e-300


def stabilised(units: FloatArray, spread: FloatArray | float) -> FloatArray:
    """Effective units on a scale on which chance moves them by about 1, whatever their level (Anscombe)."""
    size = 1 / np.asarray(spread, dtype=np.float64)
    inner = np.maximum(size - 0.75, 0.05)
    return np.asarray(2 * np.sqrt(size) * np.arcsinh(np.sqrt((units + 0.375) / inner)))


def unstabilised(values: FloatArray, spread: float) -> FloatArray:
    """The effective units that :func:`stabilised` gave these values for, at least 0."""
    inner = max(1 / spread - 0.75, 0.05)
    return np.asarray(np.maximum(inner * np.sinh(values * np.sqrt(spread) / 2) ** 2 - 0.375, 0))


def predictive_spread(mean: FloatArray, spread: FloatArray, neighbours: FloatArray) -> FloatArray:
    """Spread around a mean that is itself known from a few weeks only: their share of chance comes on top."""
    return np.asarray(spread + (1 / np.maximum(mean, LEAST_MEAN) + spread) / np.maximum(neighbours, 1))


def learned_spread(units: FloatArray, mean: FloatArray, neighbours: FloatArray, told: BoolArray) -> FloatArray:
    """Each series' spread: the smallest at which its bounded squares are no larger than chance alone makes them.

    Args:
        units: effective units, shape (n, T).
        mean: what was to be expected, shape (n, T).
        neighbours: how many weeks each expectation rests on, shape (n, T).
        told: which weeks count, shape (n, T).

    Returns:
        One of :data:`SPREADS` for each series, shape (n,); the largest where none is enough.
    """
    weeks = np.maximum(told.sum(axis=1), 1)
    normal = stats.norm
    expected = (2 * normal.cdf(BOUND) - 1) - 2 * BOUND * normal.pdf(BOUND) + 2 * BOUND**2 * normal.sf(BOUND)
    found = np.full(len(units), SPREADS[-1])
    for spread in SPREADS[::-1]:
        whole = predictive_spread(mean, np.asarray(spread), neighbours)
        deviation = stabilised(units, whole) - stabilised(mean, whole)
        bounded = np.where(told, np.minimum(deviation**2, BOUND**2), 0).sum(axis=1) / weeks
        found = np.where(bounded <= expected, spread, found)
    return found


def shrunken_spread(
    spread: FloatArray, mean: FloatArray, weeks: FloatArray, levels: NDArray[np.str_]
) -> tuple[FloatArray, FloatArray]:
    """Spreads drawn towards the typical one of their level, the further the less the weeks of a series say.

    Args:
        spread: of each series, shape (n,).
        mean: typical effective units a week, shape (n,).
        weeks: how many weeks taught it, shape (n,).
        levels: names of the groups that are alike, shape (n,).

    Returns:
        The spreads, and the standard deviation of the logarithm that remains unknown of each, both of shape (n,).
    """
    typical = np.zeros(len(spread))
    for level in np.unique(levels):
        typical[levels == level] = np.median(np.log(spread[levels == level]))
    by_chance = 1 / np.maximum(mean * np.maximum(spread, np.exp(typical)), 1e-9)
    error = 2 / np.maximum(weeks, 1) * (1 + by_chance) ** 2
    weight = SERIES_APART**2 / (SERIES_APART**2 + error)
    return np.exp(weight * np.log(spread) + (1 - weight) * typical), np.sqrt(weight * error)


def tail_scores(
    units: FloatArray, mean: FloatArray, spread: FloatArray, unknown: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """How improbable each week is by chance alone.

    The negative binomial's tails hold for fractions of units too (incomplete beta function).

    Args:
        units: effective units, at least 0, shape (n, T).
        mean: expected, above 0, shape (n, T).
        spread: variance is mean + spread·mean², shape (n, T).
        unknown: standard deviation of the logarithm of each series' spread, shape (n,).

    Returns:
        The score: standard deviations from the mean of a normal that is as improbable, of equal weeks half counted,
        negative below; and the two-sided p-value, which counts them whole; both of shape (n, T).
    """
    lower, upper = np.zeros(units.shape), np.zeros(units.shape)
    for node, weight in zip(POSTERIOR_NODES, POSTERIOR_WEIGHTS, strict=True):
        size = 1 / (spread * np.exp(node * unknown)[:, None])
        share = size / (size + mean)
        lower += weight * special.betainc(size, units + 1, share)
        upper += weight * np.where(units > 0, special.betainc(np.maximum(units, 1e-12), size, 1 - share), 1.0)
    equal = np.maximum(lower + upper - 1, 0)
    above, below = (np.maximum(tail - equal / 2, BLANK_TAIL) for tail in (upper, lower))
    score = np.where(above < below, -special.ndtri(above), special.ndtri(below))
    return np.asarray(score), np.asarray(np.minimum(1, 2 * np.minimum(lower, upper)))
