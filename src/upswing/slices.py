"""How right a model is for one group beside all others, on rows that trained nothing, with the doubt that remains.

Groups are columns that errors are compared by and that nothing is learned from: the income band of a customer, the
category of a product, a tenth of the predictions themselves (which makes a reliability curve).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.fits import SliceMetric

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

PEOPLE = ("age_band", "gender", "region", "income_band", "household_size")
"""Columns of ``int_customer_groups`` beside customer_id."""

UNKNOWN = "(not known)"
SMALL = "(small groups)"
TENTH = "predicted_tenth"

LEAST = 30
"""Subjects of a group, unless the caller says otherwise."""

LEAST_OF_EACH_CLASS = 10
"""Rows, for a ROC-AUC."""

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval."""

    value: float
    lower: float
    upper: float


Estimates = Callable[[Mask, float], dict[str, Estimate]]
"""Figures of some rows, with intervals of so many standard errors."""


@dataclass(frozen=True)
class Groups:
    """To which group each customer belongs.

    Attributes:
        columns: for each column the group of each id; who is not in it, or null, is not known.
        least: subjects of the smallest group that is told apart.
    """

    columns: dict[str, dict[str, str | None]] = field(default_factory=dict)
    least: int = LEAST

    @classmethod
    def from_arrow(cls, rows: pa.Table, least: int) -> Groups:
        """Rows of ``int_customer_groups``."""
        ids = rows["customer_id"].to_pylist()
        return cls({name: dict(zip(ids, rows[name].to_pylist(), strict=True)) for name in PEOPLE}, least)

    def of(self, subjects: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The group of each row for each column, shape (rows,)."""
        return {
            name: np.array([groups.get(subject) or UNKNOWN for subject in subjects], dtype=object)
            for name, groups in self.columns.items()
        }


NO_GROUPS = Groups()
"""Nothing to compare by."""


def of_probabilities(labels: FloatArray, probabilities: FloatArray, subjects: NDArray[Any]) -> Estimates:
    """observed_rate, mean_prediction, calibration_gap (the second less the first) and, where both classes have enough
    rows, roc_auc.

    Args:
        labels: 0/1, shape (rows,).
        probabilities: shape (rows,).
        subjects: whose row it is; rows of one subject are right or wrong together.
    """

    def estimates(mask: Mask, errors: float) -> dict[str, Estimate]:
        y, p, who = labels[mask], probabilities[mask], subjects[mask]
        observed, predicted = share(y, who, errors), mean(p, who, errors)
        found = {
            "observed_rate": observed,
            "mean_prediction": predicted,
            # The doubt lies in what was seen: the predictions are given.
            "calibration_gap": Estimate(
                predicted.value - observed.value, predicted.value - observed.upper, predicted.value - observed.lower
            ),
        }
        if min(y.sum(), len(y) - y.sum()) >= LEAST_OF_EACH_CLASS:
            found["roc_auc"] = roc_auc(y, p, who, errors)
        return found

    return estimates


def of_amounts(actual: FloatArray, predicted: FloatArray, subjects: NDArray[Any]) -> Estimates:
    """observed_mean, mean_prediction, calibration_gap (the second less the first), and wape, the absolute error
    over what was: a group that spends more is not wronged for it."""

    def estimates(mask: Mask, errors: float) -> dict[str, Estimate]:
        who, apart = subjects[mask], np.abs(predicted[mask] - actual[mask])
        found = {
            "observed_mean": mean(actual[mask], who, errors),
            "mean_prediction": mean(predicted[mask], who, errors),
            "calibration_gap": mean(predicted[mask] - actual[mask], who, errors),
        }
        if actual[mask].sum() > 0:
            found["wape"] = ratio(apart, actual[mask], who, errors)
        return found

    return estimates


def of_means(values: Mapping[str, FloatArray], subjects: NDArray[Any]) -> Estimates:
    """Means of some figures of each row."""
    return lambda mask, errors: {name: mean(value[mask], subjects[mask], errors) for name, value in values.items()}


def slices(
    split: str,
    target: str,
    columns: Mapping[str, NDArray[Any]],
    subjects: NDArray[Any],
    estimates: Estimates,
    least: int,
) -> list[SliceMetric]:
    """Figures of each group beside those of all others.

    Groups of fewer than ``least`` subjects become one, :data:`SMALL`; where that is too small itself, the next larger
    groups join it, so that no small group can be had by subtraction. Of a column with one group there is nothing to
    compare: a single row without a figure says so. The intervals of the gaps are Bonferroni's for all groups of the
    column together.

    Args:
        split, target: of the rows.
        columns: group of each row by name of the column, shape (rows,).
        subjects: whose row it is.
        estimates: figures of some of the rows.
        least: subjects of the smallest group that is told apart.
    """
    found: list[SliceMetric] = []
    for column, groups in columns.items():
        merged, pooled = told_apart(groups, subjects, least)
        names = sorted(set(merged))
        if len(names) < 2:
            sizes = (len(merged), len(np.unique(subjects.astype(str))))
            found += [
                SliceMetric(split, target, "model", "subjects", float(sizes[1]), column, name, *sizes) for name in names
            ]
            continue
        wide = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2 / len(names))
        for name in names:
            mask = merged == name
            sizes = (int(mask.sum()), len(np.unique(subjects[mask].astype(str))))
            here, there = estimates(mask, wide), estimates(~mask, wide)
            for metric, estimate in estimates(mask, _errors()).items():
                others = there.get(metric)
                low, high = difference(here[metric], others) if others else (None, None)
                found.append(
                    SliceMetric(
                        split,
                        target,
                        "model",
                        metric,
                        estimate.value,
                        column,
                        name,
                        *sizes,
                        lower=estimate.lower,
                        upper=estimate.upper,
                        others=others.value if others else None,
                        gap_lower=low,
                        gap_upper=high,
                        pooled_groups=pooled if name == SMALL else 0,
                    )
                )
    return found


def reliability(
    split: str, target: str, labels: FloatArray, probabilities: FloatArray, subjects: NDArray[Any], bins: int = 10
) -> list[SliceMetric]:
    """What was promised and what came of it in bins of as many rows by the probability, the lowest first.

    There are fewer than ``bins`` bins where they would hold fewer than :data:`LEAST` rows.
    """
    if not len(labels):
        return []
    estimates = of_probabilities(labels, probabilities, subjects)
    count = max(1, min(bins, len(labels) // LEAST))
    found = []
    for number, rows in enumerate(np.array_split(np.argsort(probabilities, kind="stable"), count)):
        mask = np.isin(np.arange(len(labels)), rows)
        sizes = (len(rows), len(np.unique(subjects[mask].astype(str))))
        found += [
            SliceMetric(
                split,
                target,
                "model",
                metric,
                estimate.value,
                TENTH,
                f"{number + 1:02d}",
                *sizes,
                lower=estimate.lower,
                upper=estimate.upper,
            )
            for metric, estimate in estimates(mask, _errors()).items()
            if metric in ("observed_rate", "mean_prediction")
        ]
    return found


def told_apart(groups: NDArray[Any], subjects: NDArray[Any], least: int) -> tuple[NDArray[Any], int]:
    """The groups with the small ones as one, and how many groups that one is made of."""
    who = subjects.astype(str)
    sizes = sorted((len(np.unique(who[groups == name])), str(name)) for name in set(groups))
    small = [name for size, name in sizes if size < least]
    held = sum(size for size, _name in sizes[: len(small)])
    while small and held < least and len(small) < len(sizes):
        size, name = sizes[len(small)]
        small.append(name)
        held += size
    return np.where(np.isin(groups.astype(str), small), SMALL, groups.astype(str)).astype(object), len(small)


def mean(values: FloatArray, subjects: NDArray[Any], errors: float) -> Estimate:
    """A mean; rows of one subject count as one draw."""
    value = float(values.mean())
    spread = errors * _standard_error((values - value) / len(values), subjects)
    return Estimate(value, value - spread, value + spread)


def ratio(above: FloatArray, below: FloatArray, subjects: NDArray[Any], errors: float) -> Estimate:
    """A ratio of two sums, of which the second is above 0, with its linearised interval."""
    value = float(above.sum() / below.sum())
    spread = errors * _standard_error((above - value * below) / below.sum(), subjects)
    return Estimate(value, value - spread, value + spread)


def share(labels: FloatArray, subjects: NDArray[Any], errors: float) -> Estimate:
    """A share with Wilson's interval, of as many independent rows as the subjects leave."""
    value = float(labels.mean())
    error = _standard_error((labels - value) / len(labels), subjects)
    rows = min(value * (1 - value) / error**2, len(labels)) if error else float(len(np.unique(subjects.astype(str))))
    middle = (value + errors**2 / (2 * rows)) / (1 + errors**2 / rows)
    half = errors / (1 + errors**2 / rows) * math.sqrt(value * (1 - value) / rows + errors**2 / (4 * rows**2))
    return Estimate(value, max(0.0, middle - half), min(1.0, middle + half))


def roc_auc(labels: FloatArray, scores: FloatArray, subjects: NDArray[Any], errors: float) -> Estimate:
    """ROC-AUC by placements (DeLong et al. 1988), clustered by subject (Obuchowski 1997)."""
    of_one, of_none = scores[labels == 1], scores[labels == 0]
    placed_one, placed_none = _placements(of_one, of_none), 1 - _placements(of_none, of_one)
    value = float(placed_one.mean())
    influence = np.empty(len(labels))
    influence[labels == 1] = (placed_one - value) / len(of_one)
    influence[labels == 0] = (placed_none - value) / len(of_none)
    spread = errors * _standard_error(influence, subjects)
    return Estimate(value, max(0.0, value - spread), min(1.0, value + spread))


def difference(ours: Estimate, theirs: Estimate) -> tuple[float, float]:
    """Interval of ours less theirs from the intervals of both (Newcombe 1998)."""
    apart = ours.value - theirs.value
    return (
        apart - math.hypot(ours.value - ours.lower, theirs.upper - theirs.value),
        apart + math.hypot(ours.upper - ours.value, theirs.value - theirs.lower),
    )


def _errors() -> float:
    return NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2)


def _standard_error(influence: FloatArray, subjects: NDArray[Any]) -> float:
    """Of a sum of influences, those of one subject moving together."""
    _names, place = np.unique(subjects.astype(str), return_inverse=True)
    sums = np.bincount(place, influence)
    return float(np.sqrt((sums**2).sum() * len(sums) / max(1, len(sums) - 1)))


def _placements(scores: FloatArray, others: FloatArray) -> FloatArray:
    """Share of the others below each score, ties by half."""
    ranked = np.sort(others)
    below, up_to = np.searchsorted(ranked, scores, "left"), np.searchsorted(ranked, scores, "right")
    return np.asarray((below + up_to) / (2 * len(ranked)))
