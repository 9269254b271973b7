"""Estimates drawn towards what products of their category show, as far as their own data leave doubt.

Empirical Bayes in two steps (Morris, Parametric empirical Bayes inference, JASA 1983): a product's effect is normal
about its category's with variance τ², a category's about the overall effect with variance ω². Both variances come from
the estimates themselves, by the method of Paule and Mandel (1982): so large that the weighted squares are as many as
their degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BISECTIONS = 60
LARGEST_VARIANCE = 1e3


@dataclass(frozen=True)
class Shrunken:
    """Estimates of n products in their groups.

    Attributes:
        effects, errors: of the product, given its own data and its category's; shape (n,).
        weights: of its own data, between 0 and 1.
        group_effects, group_errors: of its category, given the category's data and all others'.
        within, between: τ² and ω².
        overall: the mean of the categories.
    """

    effects: FloatArray
    errors: FloatArray
    weights: FloatArray
    group_effects: FloatArray
    group_errors: FloatArray
    within: float
    between: float
    overall: float


def shrink(estimates: FloatArray, errors: FloatArray, groups: IntArray) -> Shrunken | None:
    """Shrink estimates to their groups and groups to the whole; None where no product has an estimate.

    Args:
        estimates, errors: nan where a product's own data say nothing; shape (n,).
        groups: 0, 1, …, shape (n,).
    """
    known = np.isfinite(estimates) & np.isfinite(errors) & (errors > 0)
    if not known.any():
        return None
    count = int(groups.max()) + 1
    own, variance, group = estimates[known], errors[known] ** 2, groups[known]
    within = _variance(lambda tau: _excess(own, variance + tau, group, count))
    means, precisions = _means(own, variance + within, group, count)
    seen = precisions > 0
    of_means = np.zeros(count, np.int64)[seen]
    spread = 1 / precisions[seen]
    between = _variance(lambda omega: _excess(means[seen], spread + omega, of_means, 1))
    (overall,), (certainty,) = _means(means[seen], spread + between, of_means, 1)
    drawn = np.where(seen, between / (between + 1 / np.maximum(precisions, 1e-12)), 0.0)
    group_effects = drawn * np.where(seen, means, 0.0) + (1 - drawn) * overall
    own_part = np.where(seen, drawn / np.maximum(precisions, 1e-12), between)
    group_variance = own_part + (1 - drawn) ** 2 / certainty
    weights = np.zeros(len(estimates))
    weights[known] = within / (within + variance)
    effects = weights * np.where(known, estimates, 0.0) + (1 - weights) * group_effects[groups]
    own_variance = np.where(known, np.where(known, errors, 0.0) ** 2 * weights, within)
    total = own_variance + (1 - weights) ** 2 * group_variance[groups]
    return Shrunken(
        effects,
        np.sqrt(total),
        weights,
        group_effects[groups],
        np.sqrt(group_variance)[groups],
        float(within),
        float(between),
        float(overall),
    )


def _means(values: FloatArray, variances: FloatArray, groups: IntArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Weighted mean and precision of each group; precision 0 where it has no value."""
    precision = np.bincount(groups, 1 / variances, count)
    total = np.bincount(groups, values / variances, count)
    return np.asarray(total / np.maximum(precision, 1e-300)), np.asarray(precision, np.float64)


def _excess(values: FloatArray, variances: FloatArray, groups: IntArray, count: int) -> float:
    """Weighted squares about the groups' means, less their degrees of freedom."""
    means, precision = _means(values, variances, groups, count)
    squares = float(((values - means[groups]) ** 2 / variances).sum())
    return squares - (len(values) - int((precision > 0).sum()))


def _variance(excess: Callable[[float], float]) -> float:
    """The variance at which the excess is 0, by bisection; 0 where it is negative from the start."""
    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, LARGEST_VARIANCE
    for _step in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2
