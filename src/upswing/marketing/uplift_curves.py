"""How well a ranking finds those who answer because of the offer.

Each row has a doubly robust score of its effect (Robins et al. 1994): what the models of both arms expect, set right by
what came. The share of offers is known, for the arms were drawn by lot, so its mean over any rows is the effect on
them, however bad the models are. The curve of a ranking is the sum of these scores over its first rows, per row in all:
what offers to them alone would bring (Yadlowsky et al. 2021). AUUC is the area below it, the Qini coefficient that part
of it above the line of a ranking by lot: 0 for chance, below 0 where chance does better. Both are in conversions a
customer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.marketing.uplift_learners import ArmModels
from upswing.marketing.uplift_rows import UpliftRows

FloatArray = NDArray[np.float64]

RESAMPLES = 500
TOP_SHARE = 0.3
LEAST_T = 1.645
"""Of a slope above 0 that chance alone exceeds in 5 of 100 cases."""


@dataclass(frozen=True)
class Slope:
    """How much of the differences in what a learner says is real: the regression of the rows' effects on them.

    Attributes:
        slope: 1 where differences are as large as said, 0 where there are none.
        t: the slope over its standard error, which knows that rows of one customer go together.
    """

    slope: float
    t: float

    @property
    def trusted(self) -> float:
        """The slope less what its noise adds to it (James and Stein), at most 1; 0 where it may well be chance."""
        return min(1.0, self.slope * (1 - 1 / self.t**2)) if self.t > LEAST_T else 0.0


def effect_scores(rows: UpliftRows, arms: ArmModels) -> FloatArray:
    """Doubly robust score of each row's effect, shape (rows,), in a campaign whose mean effect is that of all rows: who
    is told apart is the customer, and nothing is gained by telling a good campaign from a bad one.

    Args:
        rows: of both arms.
        arms: models that did not learn from these rows.
    """
    base, response = (arms.probabilities(rows.values, arm, rows.campaigns) for arm in (0, 1))
    with_offer = rows.treated / rows.shares * (rows.converted - response)
    without = (1 - rows.treated) / (1 - rows.shares) * (rows.converted - base)
    scores = response - base + with_offer - without
    return np.asarray(_centred(scores, rows.campaigns) + scores.mean(), dtype=np.float64)


def slope_of(effects: FloatArray, said: FloatArray, rows: UpliftRows) -> Slope:
    """Regression of effects on what was said of them, within campaigns (best linear predictor, Chernozhukov 2018).

    Args:
        effects: scores by :func:`effect_scores`, shape (rows,).
        said: effects that a learner said of the same rows without having seen them, shape (rows,).
        rows: of which it was said.
    """
    centred = _centred(said, rows.campaigns)
    spread = float((centred**2).sum())
    if spread <= 1e-12 * len(said):
        return Slope(0.0, 0.0)
    slope = float((centred * effects).sum()) / spread
    residuals = centred * (effects - effects.mean() - slope * centred)
    _, places = np.unique(rows.customers, return_inverse=True)
    error = math.sqrt(float((np.bincount(places, residuals) ** 2).sum())) / spread
    return Slope(slope, slope / error if error else 0.0)


def _centred(values: FloatArray, groups: NDArray[Any]) -> FloatArray:
    """Values less the mean of their group."""
    _, places = np.unique(groups, return_inverse=True)
    return np.asarray(values - (np.bincount(places, values) / np.bincount(places))[places], dtype=np.float64)


class Curve:
    """The curve of one ranking, over any weighting of its rows.

    Args:
        scores: of the ranking, highest first, shape (rows,); rows of the same score come together.
        effects: scores by :func:`effect_scores`, shape (rows,).
    """

    def __init__(self, scores: FloatArray, effects: FloatArray) -> None:
        self._order = np.argsort(-scores, kind="stable")
        self._effects = effects[self._order]
        self._ends = np.append(np.diff(scores[self._order]) != 0, True)

    def points(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Share of the rows that get an offer, and what this brings a row in all, both from 0."""
        weighted = weights[self._order]
        total = float(weighted.sum())
        shares = np.append(0.0, np.cumsum(weighted)[self._ends] / total)
        return shares, np.append(0.0, np.cumsum(weighted * self._effects)[self._ends] / total)

    def qini(self, weights: FloatArray) -> float:
        """Area between the curve and the line of chance."""
        shares, gains = self.points(weights)
        return float(np.trapezoid(gains, shares) - gains[-1] / 2)

    def metrics(self) -> dict[str, float]:
        """Qini, AUUC, the effect on the first 30 % of the rows, and rows."""
        ones = np.ones(len(self._order))
        shares, gains = self.points(ones)
        return {
            "qini": self.qini(ones),
            "auuc": float(np.trapezoid(gains, shares)),
            "effect_at_30pct": float(np.interp(TOP_SHARE, shares, gains)) / TOP_SHARE,
            "rows": float(len(self._order)),
        }


def resampled_weights(customers: NDArray[Any]) -> list[FloatArray]:
    """Weights of the rows in bootstrap resamples of the customers, each with all rows, drawn with a fixed seed."""
    generator = np.random.default_rng(7)
    names, places = np.unique(customers, return_inverse=True)
    draws = (generator.integers(0, len(names), len(names)) for _resample in range(RESAMPLES))
    return [np.bincount(drawn, minlength=len(names))[places].astype(np.float64) for drawn in draws]


def interval(values: list[float], confidence: float) -> tuple[float, float]:
    """The middle share of resampled values."""
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
