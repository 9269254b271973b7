"""What is said of association rules: measures from counts, the test of chance, the correction for many tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NEGLIGIBLE = 1e-15


@dataclass(frozen=True)
class RuleCounts:
    """Counts of baskets behind rules A → B, one element a rule.

    Attributes:
        orders: all baskets.
        antecedent: those with A.
        consequent: those with B.
        both: those with A and B.
    """

    orders: IntArray
    antecedent: IntArray
    consequent: IntArray
    both: IntArray

    def __getitem__(self, rows: Any) -> RuleCounts:
        return RuleCounts(self.orders[rows], self.antecedent[rows], self.consequent[rows], self.both[rows])

    @property
    def support(self) -> FloatArray:
        """Share of the baskets with both sides; NaN without baskets."""
        return _ratio(self.both, self.orders)

    @property
    def confidence(self) -> FloatArray:
        """P(B | A); NaN where A never occurs."""
        return _ratio(self.both, self.antecedent)

    @property
    def consequent_share(self) -> FloatArray:
        """P(B)."""
        return _ratio(self.consequent, self.orders)

    @property
    def lift(self) -> FloatArray:
        """P(B | A) / P(B); NaN where A or B never occurs."""
        # One division, so that a lift of just 1.2 is 1.2.
        return _ratio(1.0 * self.both * self.orders, 1.0 * self.antecedent * self.consequent)

    @property
    def leverage(self) -> FloatArray:
        """P(A and B) − P(A) P(B)."""
        return np.asarray(self.support - _ratio(self.antecedent, self.orders) * self.consequent_share)

    @property
    def conviction(self) -> FloatArray:
        """(1 − P(B)) / (1 − P(B | A)) (Brin et al. 1997); NaN where B always comes with A."""
        return _ratio(1 - self.consequent_share, 1 - self.confidence)


def upper_tail(found: IntArray, orders: IntArray, marked: IntArray, drawn: IntArray) -> FloatArray:
    """P(X ≥ found) for X hypergeometric: one-sided Fisher's exact test, as ``hypergeom.sf(found − 1, ...)`` of SciPy.

    The terms of the tail are summed from the one nearest the mean outward, each from the one before, for all elements
    at once; SciPy takes them one element at a time.

    Args:
        found: marked baskets among the drawn.
        orders: all baskets.
        marked: baskets with B.
        drawn: baskets with A.
    """
    from scipy.special import gammaln

    total_orders, with_b, with_a = (count.astype(np.float64) for count in (orders, marked, drawn))
    mean = np.divide(with_b * with_a, total_orders, out=np.zeros(len(found)), where=orders > 0)
    rises = found > mean
    start = np.where(rises, found, found - 1).astype(np.float64)
    highest, lowest = np.minimum(with_b, with_a), np.maximum(0, with_b + with_a - total_orders)
    possible = (start >= lowest) & (start <= highest)

    def log_choose(total: FloatArray, chosen: FloatArray) -> FloatArray:
        return np.asarray(gammaln(total + 1) - gammaln(chosen + 1) - gammaln(total - chosen + 1))

    inside = np.clip(start, lowest, highest)
    log_first = log_choose(with_b, inside) + log_choose(total_orders - with_b, with_a - inside)
    first = np.exp(log_first - log_choose(total_orders, with_a))
    total = np.where(possible, 1.0, 0.0)
    term, place = total.copy(), inside.copy()
    active = np.flatnonzero(possible)
    while len(active):
        at, m, d, n = place[active], with_b[active], with_a[active], total_orders[active]
        upward = (m - at) * (d - at) / ((at + 1) * (n - m - d + at + 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            downward = at * (n - m - d + at) / ((m - at + 1) * (d - at + 1))
        term[active] *= np.where(rises[active], upward, downward)
        total[active] += term[active]
        place[active] += np.where(rises[active], 1, -1)
        active = active[term[active] > NEGLIGIBLE * total[active]]
    tail = np.clip(first * total, 0, 1)
    return np.asarray(np.where(rises, tail, 1 - tail))


def adjusted_p_values(p_values: FloatArray, tested: int) -> FloatArray:
    """Benjamini-Hochberg (1995) adjusted p-values: the least false discovery rate at which each is still found.

    Args:
        p_values: of some of the tests, the smallest among them.
        tested: how many tests there were; the others count as larger than all given, so that the figures err upward
            where they are not.
    """
    order = np.argsort(p_values, kind="stable")
    steps = p_values[order] * max(tested, len(p_values)) / np.arange(1, len(p_values) + 1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum.accumulate(np.minimum(steps, 1)[::-1])[::-1]
    return adjusted


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> FloatArray:
    out = np.full(len(below), np.nan)
    return np.asarray(np.divide(above, below, out=out, where=np.asarray(below) > 1e-12))
