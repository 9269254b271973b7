"""Business names of segments: rules over their typical customers, kept in the seed segment_names."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa

from upswing.customers.segment_features import DECIMALS, FEATURE_NAMES, FloatArray
from upswing.customers.segment_model import NOT_BOUGHT, SegmentModel
from upswing.user_errors import UserError

SEED = "seeds/segment_names.csv"

COLUMNS = ("segment_kind", "priority", "feature", "comparison", "quantile", "value")

TRAITS_SEED = "seeds/segment_traits.csv"

COMPARISONS = ("above", "below")

NOT_BOUGHT_NAME = "no purchase yet"

LEAST_DIFFERENCE = 0.25
"""By how many scales of a feature two segments of one kind must differ for it to tell them apart."""


@dataclass(frozen=True)
class Condition:
    """What must hold of a segment's typical customer.

    Attributes:
        feature: place of the feature among those that customers are segmented by.
        is_above: whether it must lie above the limit; else below.
        quantile: the limit as a quantile of the feature among all customers who bought, from 0 to 1; None with a value.
        value: the limit in the unit of the column; None with a quantile.
    """

    feature: int
    is_above: bool
    quantile: float | None
    value: float | None = None

    def holds(self, typical: FloatArray, model: SegmentModel) -> bool:
        """Whether it holds; at the limit itself it does not.

        Args:
            typical: coordinates, shape (features,).
            model: whose customers and scales the limit refers to.
        """
        if self.value is not None:
            limit = model.clusters.space.coordinate(self.feature, self.value, model.cap_days)
        else:
            column = model.quantiles[:, self.feature]
            limit = round(float(np.interp(self.quantile or 0.0, np.linspace(0, 1, len(column)), column)), DECIMALS)
        return bool(typical[self.feature] > limit if self.is_above else typical[self.feature] < limit)


@dataclass(frozen=True)
class NameRule:
    """A kind of segment and all that must hold for it; nothing where it is the fallback."""

    kind: str
    priority: int
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class SegmentName:
    """What a segment is called.

    Attributes:
        kind: by the first rule that holds; several segments may be of one kind.
        name: the kind, and for segments that share it the trait that distinguishes each; no two segments share one.
    """

    kind: str
    name: str


Traits = dict[int, tuple[str, str]]
"""Place of a feature -> what customers are called who lie below and above others in it."""


def name_rules(rows: pa.Table) -> list[NameRule]:
    """The rules of the seed, by priority.

    Raises:
        UserError: a row that is no rule, a kind of several priorities, a priority of several kinds, or not exactly one
            kind without a feature and of the last priority.
    """
    conditions: dict[tuple[int, str], list[Condition]] = {}
    for row in rows.select(list(COLUMNS)).to_pylist():
        kind, priority = _kind(row), _priority(row)
        found = conditions.setdefault((priority, kind), [])
        if row["feature"]:
            found.append(_condition(row))
        elif row["comparison"] or row["quantile"] is not None or row["value"] is not None:
            _refuse(row, "has a comparison or a limit but no feature; expected a feature, or nothing but the kind")
    for place, what in ((0, "priority"), (1, "kind")):
        twice = [key for key, times in Counter(pair[place] for pair in conditions).items() if times > 1]
        if twice:
            _refuse_all(f"the {what} {twice[0]!r} has several {'kinds' if place == 0 else 'priorities'}")
    rules = [NameRule(kind, priority, tuple(found)) for (priority, kind), found in sorted(conditions.items())]
    fallbacks = [rule.kind for rule in rules if not rule.conditions]
    if len(fallbacks) != 1 or rules[-1].conditions:
        _refuse_all(f"the kinds without a feature are {fallbacks}")
    return rules


def segment_traits(rows: pa.Table) -> Traits:
    """The words of the seed segment_traits.

    Args:
        rows: feature, below and above.

    Raises:
        UserError: a row names no feature, names one again, or lacks a word.
    """
    traits: Traits = {}
    for row in rows.select(["feature", "below", "above"]).to_pylist():
        if row["feature"] not in FEATURE_NAMES:
            raise UserError(
                f"{TRAITS_SEED}: the feature {row['feature']!r} is not known; expected one of "
                f"{', '.join(FEATURE_NAMES)}; correct it and run dbt build"
            )
        place = FEATURE_NAMES.index(row["feature"])
        if place in traits or not row["below"] or not row["above"]:
            raise UserError(
                f"{TRAITS_SEED}: the feature {row['feature']!r} has two rows or lacks a word; expected one row with "
                "a word for below and one for above; correct it and run dbt build"
            )
        traits[place] = (row["below"], row["above"])
    return traits


def segment_names(model: SegmentModel, rules: list[NameRule], traits: Traits) -> dict[int, SegmentName]:
    """Kind and name of each segment number.

    The kind is the first by priority whose conditions all hold. A segment that is the only one of its kind has the name
    of the kind. Of segments that share one, each adds the trait in which its typical customer differs most from the
    others of the kind, in scales of the feature: ``occasional, small baskets``. Segments that differ in no trait, or
    only in one that another has already, are numbered: ``occasional 2``.
    """
    kinds = [
        next(rule.kind for rule in rules if all(condition.holds(typical, model) for condition in rule.conditions))
        for typical in model.typical
    ]
    scaled = model.typical / model.clusters.space.weight
    names = {NOT_BOUGHT: SegmentName(NOT_BOUGHT_NAME, NOT_BOUGHT_NAME)}
    taken = {NOT_BOUGHT_NAME}
    for row, (number, kind) in enumerate(zip(model.numbers.tolist(), kinds, strict=True)):
        others = [other for other, other_kind in enumerate(kinds) if other_kind == kind and other != row]
        wanted = [f"{kind}, {word}" for word in _distinct_traits(scaled[row], scaled[others], traits)] if others else []
        numbered = (f"{kind} {count}" if count > 1 else kind for count in itertools.count(1))
        name = next(name for name in itertools.chain(wanted, numbered) if name not in taken)
        taken.add(name)
        names[number] = SegmentName(kind, name)
    return names


def _distinct_traits(own: FloatArray, others: FloatArray, traits: Traits) -> list[str]:
    """Words for the features in which a segment differs from the others of its kind, from the largest difference on."""
    difference = np.round(own - others.mean(axis=0), DECIMALS)
    places = [place for place in np.argsort(-np.abs(difference), kind="stable").tolist() if place in traits]
    return [traits[place][int(difference[place] > 0)] for place in places if abs(difference[place]) >= LEAST_DIFFERENCE]


def _kind(row: dict[str, Any]) -> str:
    kind = (row["segment_kind"] or "").strip()
    if not kind:
        _refuse(row, "has no segment_kind; expected a name")
    return kind


def _priority(row: dict[str, Any]) -> int:
    if row["priority"] is None:
        _refuse(row, "has no priority; expected a whole number, 1 for the kind that is tried first")
    return int(row["priority"])


def _condition(row: dict[str, Any]) -> Condition:
    if row["feature"] not in FEATURE_NAMES:
        _refuse(row, f"names the feature {row['feature']!r}; expected one of {', '.join(FEATURE_NAMES)}")
    if row["comparison"] not in COMPARISONS:
        _refuse(row, f"has the comparison {row['comparison']!r}; expected one of {', '.join(COMPARISONS)}")
    quantile, value = row["quantile"], row["value"]
    if (quantile is None) == (value is None):
        _refuse(row, f"has the quantile {quantile} and the value {value}; expected one of the two")
    if quantile is not None and not 0 <= quantile <= 1:
        _refuse(row, f"has the quantile {quantile}; expected a number from 0 to 1")
    if value is not None and not math.isfinite(value):
        _refuse(row, f"has the value {value}; expected a number")
    return Condition(FEATURE_NAMES.index(row["feature"]), row["comparison"] == "above", quantile, value)


def _refuse(row: dict[str, Any], fault: str) -> NoReturn:
    written = ",".join("" if row[column] is None else str(row[column]) for column in COLUMNS)
    raise UserError(f"{SEED}: the row '{written}' {fault}; correct it and run dbt build")


def _refuse_all(fault: str) -> NoReturn:
    raise UserError(
        f"{SEED}: {fault}; expected one priority a kind, and one kind without a feature, of the last priority, "
        "for the segments that no rule fits; correct it and run dbt build"
    )
