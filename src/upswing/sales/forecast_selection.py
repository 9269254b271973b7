"""Which candidates serve a series: a champion or a blend, chosen on windows that were not learned from.

How far a series' own errors are believed against those of its group, and how many candidates are blended, is itself
chosen on the windows: each is forecast by what was known at its origin, so that no strategy profits from the weeks that
overlapping windows share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from upswing.sales.forecast_groups import GROUPS, group_pools
from upswing.sales.forecast_panel import BoolArray, FloatArray, IntArray
from upswing.sales.forecast_selection_blends import blend, score_weights
from upswing.sales.forecast_selection_windows import Windows, quotient

LEAST_SERIES = 20
"""A group with fewer series chooses together with its relatives."""


@dataclass(frozen=True)
class Strategy:
    """How the weights of the candidates come about.

    Attributes:
        prior: so many forecast weeks of its own a series must have to be believed as much as its group; infinite where
            the group alone counts.
        members: so many of the best candidates are blended, weighted by inverse squared error.
        is_median: whether the blend is the weighted median of each week, and not the weighted mean: then no forecast
            that is far off moves it.
    """

    prior: float
    members: int
    is_median: bool = False

    @property
    def name(self) -> str:
        """In words."""
        whose = "level" if math.isinf(self.prior) else "series"
        if self.is_median:
            return f"{whose} median"
        return f"{whose} champion" if self.members == 1 else f"{whose} blend of {self.members}"


ALL = 99
HALF_YEAR = 26.0

STRATEGIES = (
    Strategy(math.inf, ALL, is_median=True),
    Strategy(HALF_YEAR, ALL, is_median=True),
    Strategy(math.inf, 6),
    Strategy(HALF_YEAR, 6),
    Strategy(math.inf, 1),
    Strategy(HALF_YEAR, 1),
)
"""The most cautious first: it serves where nothing can be compared, and of two that are as good."""


@dataclass(frozen=True)
class Selection:
    """Who serves.

    Attributes:
        weights: of each candidate for each series, rows add up to 1, shape (n, C).
        group_weights: for a series that is not known, of each of :data:`GROUPS`, shape (groups, C).
        strategies: of each group.
        groups: place in :data:`GROUPS` of each series, shape (n,).
    """

    weights: FloatArray
    group_weights: FloatArray
    strategies: tuple[Strategy, ...]
    groups: IntArray

    @property
    def group_is_median(self) -> BoolArray:
        """Whether the blends of a group are medians, shape (groups,)."""
        return np.array([strategy.is_median for strategy in self.strategies])

    def blend(self, forecasts: FloatArray) -> FloatArray:
        """What serves, shape (n, weeks), of forecasts of shape (C, n, weeks)."""
        return blend(self.weights, forecasts, self.group_is_median[self.groups])


def select_candidates(windows: Windows, groups: IntArray) -> Selection:
    """Choose strategy and candidates by the mean MASE over the windows.

    Args:
        windows: one or more; with one alone no strategy can be compared, and the weighted median of all serves.
        groups: place in :data:`GROUPS` of each series, shape (n,).
    """
    counts = np.bincount(groups, minlength=len(GROUPS))
    tried = forward_errors(windows, groups, STRATEGIES)
    strategies = tuple(_best(tried[:, np.isin(groups, pool)]) for pool in group_pools(counts, LEAST_SERIES))
    weights = np.zeros((len(groups), len(windows.candidates)))
    group_weights = np.zeros((len(GROUPS), len(windows.candidates)))
    for strategy in set(strategies):
        takes = np.array([each == strategy for each in strategies])
        of_series, of_groups = strategy_weights(windows, groups, strategy)
        weights[takes[groups]] = of_series[takes[groups]]
        group_weights[takes] = of_groups[takes]
    return Selection(weights, group_weights, strategies, groups)


def strategy_weights(
    windows: Windows, groups: IntArray, strategy: Strategy, until: float = math.inf
) -> tuple[FloatArray, FloatArray]:
    """Weights of the candidates as a strategy gives them from the weeks before ``until``.

    Returns:
        Of the series, shape (n, C), and of the groups, shape (groups, C).
    """
    errors, seen = windows.errors_known(until)
    scores, of_groups = candidate_scores(errors, seen, groups, strategy.prior)
    return score_weights(scores, strategy.members), score_weights(of_groups, strategy.members)


def forward_errors(windows: Windows, groups: IntArray, strategies: Sequence[Strategy]) -> FloatArray:
    """Mean MASE of each strategy on each series over all windows but the first, shape (strategies, n).

    What is forecast at an origin is weighted by the errors of the weeks before it. NaN where there is one window alone.
    """
    found = np.full((len(strategies), len(windows.origins), len(groups)), np.nan)
    for place, origin in enumerate(windows.origins[1:], start=1):
        for number, strategy in enumerate(strategies):
            weights, _ = strategy_weights(windows, groups, strategy, until=origin)
            is_median = np.full(len(groups), strategy.is_median)
            served = blend(weights, windows.forecasts[place], is_median)
            errors = np.abs(served - windows.actual[place]).mean(axis=1)
            found[number, place] = errors / windows.scales[place]
    return quotient(np.nansum(found, axis=1), np.isfinite(found).sum(axis=1))


def candidate_scores(
    errors: FloatArray, seen: IntArray, groups: IntArray, prior: float
) -> tuple[FloatArray, FloatArray]:
    """Errors of the candidates over those of the mean candidate, shrunken to those of the series' group.

    Args:
        errors: mean scaled errors, shape (n, C); NaN where a candidate does not serve.
        seen: weeks that they are means of, shape (n,).
        groups: place in :data:`GROUPS`, shape (n,).
        prior: see :class:`Strategy`.

    Returns:
        Scores of the series, shape (n, C), and of the groups, shape (groups, C); lower is better, infinite where a
        candidate does not serve.
    """
    # Only candidates that serve most series make the yardstick, else a series served by few would have another one.
    served = np.isfinite(errors)
    common = served.sum(axis=0) >= 0.9 * served.sum(axis=0).max(initial=0)
    yardstick = quotient(np.where(served, errors, 0.0)[:, common].sum(axis=1), served[:, common].sum(axis=1))
    relative = errors / np.where(yardstick > 0, yardstick, np.nan)[:, None]
    counts = np.bincount(groups, minlength=len(GROUPS))
    of_groups = np.full((len(GROUPS), errors.shape[1]), np.inf)
    for group, pool in enumerate(group_pools(counts, LEAST_SERIES)):
        pooled = relative[np.isin(groups, pool)]
        mean = quotient(np.nansum(pooled, axis=0), np.isfinite(pooled).sum(axis=0))
        of_groups[group] = np.where(np.isfinite(mean), mean, np.inf)
    scores = of_groups[groups]
    if not math.isinf(prior):
        own = np.where(np.isfinite(relative), relative, 0.0)
        weeks = np.where(np.isfinite(relative), seen[:, None], 0)
        scores = (weeks * own + prior * scores) / (weeks + prior)
    fails_here = served.any(axis=1, keepdims=True) & ~served
    return np.where(fails_here, np.inf, scores), of_groups


def _best(tried: FloatArray) -> Strategy:
    """The strategy with the least mean error over the series that all of them serve."""
    shared = tried[:, np.isfinite(tried).all(axis=0)]
    return STRATEGIES[int(np.argmin(shared.mean(axis=1).round(9)))] if shared.shape[1] else STRATEGIES[0]
