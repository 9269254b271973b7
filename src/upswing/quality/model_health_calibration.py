"""Whether what was promised came true: predictions of some time ago beside what is known of them by now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

FloatArray = NDArray[np.float64]

GROUPS = 3
MIN_DAYS = 4
"""So many days of prediction are needed before what they have in common counts."""


@dataclass(frozen=True)
class Gap:
    """What was promised and what came of it, in all predictions or in a third of them.

    Attributes:
        group: all, low, middle or high: by the promised probability.
        promised: mean probability.
        seen: share of what came true.
        error: standard error of the difference.
        is_beyond_chance: whether the difference is beyond what chance does as rarely as was asked for.
        rows: predictions.
    """

    group: str
    promised: float
    seen: float
    error: float
    is_beyond_chance: bool
    rows: int

    @property
    def size(self) -> float:
        """The difference, without its sign."""
        return abs(self.promised - self.seen)


def calibration_gaps(
    promised: FloatArray, seen: FloatArray, subjects: NDArray[np.int64], days: NDArray[np.int64], rarity: float
) -> list[Gap]:
    """Differences between promised and seen share, of all predictions and of the lowest, middle and highest third.

    The thirds find what the whole hides: a model that says too little of the unlikely and too much of the likely.
    Predictions of one subject on several days are nearly the same prediction, and all those of one day share what
    happened after it: the standard error allows for both.

    Args:
        promised: probabilities, shape (rows,).
        seen: whether, or to what share, it came true, 0 to 1, shape (rows,).
        subjects: number of the subject of each, shape (rows,).
        days: number of the day it was predicted on, shape (rows,).
        rarity: how often any of the differences may count as beyond chance where there is none, 0 to 1.
    """
    # Ties are not parted, or a third of equal promises would be drawn by lot.
    ends = np.quantile(promised, np.arange(1, GROUPS) / GROUPS, method="inverted_cdf") if len(promised) else np.zeros(2)
    third = np.searchsorted(np.unique(ends), promised)
    masks = {"all": np.ones(len(promised), dtype=np.bool_)}
    if len(np.unique(third)) > 1:
        names = {0: "low", int(third.max()): "high"}
        masks |= {names.get(number, "middle"): third == number for number in np.unique(third).tolist()}
    return [
        _gap(name, promised[mask], seen[mask], subjects[mask], days[mask], rarity / len(masks))
        for name, mask in masks.items()
        if mask.any()
    ]


def _gap(
    group: str,
    promised: FloatArray,
    seen: FloatArray,
    subjects: NDArray[np.int64],
    days: NDArray[np.int64],
    rarity: float,
) -> Gap:
    differences = seen - promised
    rows, mean = len(differences), float(differences.mean())
    # Had the promises been kept, a prediction scattered by p (1 - p); shares of several outcomes scatter less.
    least = float((promised * (1 - promised)).sum()) / rows**2
    variance, freedom = _cluster_variance(differences, subjects), len(np.unique(subjects)) - 1.0
    number_of_days = len(np.unique(days))
    if number_of_days >= MIN_DAYS:
        of_days = _cluster_variance(differences, days)
        # What a row has of both is in either.
        both = max(variance + of_days - _cluster_variance(differences, np.arange(rows)), variance, of_days)
        weights = variance**2 / max(freedom, 1.0) + of_days**2 / (number_of_days - 1)
        freedom = both**2 / weights if weights else freedom
        variance = both
    error = float(np.sqrt(max(variance, least)))
    limit = error * float(special.stdtrit(max(freedom, 1.0), 1 - rarity / 2))
    return Gap(group, float(promised.mean()), float(seen.mean()), error, abs(mean) > limit, rows)


def _cluster_variance(differences: FloatArray, clusters: NDArray[np.int64]) -> float:
    """Variance of the mean where rows of one cluster go together."""
    _numbers, places = np.unique(clusters, return_inverse=True)
    sums = np.bincount(places, weights=differences - differences.mean())
    number = len(sums)
    correction = number / (number - 1) if number > 1 else 1.0
    return float((sums**2).sum()) * correction / len(differences) ** 2
