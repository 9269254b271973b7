"""Business names of segments: rules over their typical customers, kept in the seed segment_names."""

from __future__ import annotations

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

COLUMNS = ("segment_name", "priority", "feature", "comparison", "quantile")

COMPARISONS = ("above", "below")

NOT_BOUGHT_NAME = "no purchase yet"


@dataclass(frozen=True)
class Condition:
    """What must hold of a segment's typical customer.

    Attributes:
        feature: place of the feature among those that customers are segmented by.
        is_above: whether it must lie above the quantile; else below.
        quantile: of the feature among all customers who bought, from 0 to 1.
    """

    feature: int
    is_above: bool
    quantile: float

    def holds(self, typical: FloatArray, quantiles: FloatArray) -> bool:
        """Whether it holds; at the quantile itself it does not.

        Args:
            typical: coordinates, shape (features,).
            quantiles: as of :func:`upswing.customers.segment_features.quantile_grid`.
        """
        column = quantiles[:, self.feature]
        reached = round(float(np.interp(self.quantile, np.linspace(0, 1, len(column)), column)), DECIMALS)
        return bool(typical[self.feature] > reached if self.is_above else typical[self.feature] < reached)


@dataclass(frozen=True)
class NameRule:
    """A name and all that must hold for it; nothing where it is the fallback."""

    name: str
    priority: int
    conditions: tuple[Condition, ...]


def name_rules(rows: pa.Table) -> list[NameRule]:
    """The rules of the seed, by priority.

    Raises:
        UserError: a row that is no rule, a name of several priorities, a priority of several names, or not exactly one
            name without a feature and of the last priority.
    """
    conditions: dict[tuple[int, str], list[Condition]] = {}
    for row in rows.select(list(COLUMNS)).to_pylist():
        name, priority = _name(row), _priority(row)
        found = conditions.setdefault((priority, name), [])
        if row["feature"]:
            found.append(_condition(row))
        elif row["comparison"] or row["quantile"] is not None:
            _refuse(row, "has a comparison or a quantile but no feature; expected all three or none of them")
    for place, what in ((0, "priority"), (1, "name")):
        twice = [key for key, times in Counter(pair[place] for pair in conditions).items() if times > 1]
        if twice:
            _refuse_all(f"the {what} {twice[0]!r} stands with several {'names' if place == 0 else 'priorities'}")
    rules = [NameRule(name, priority, tuple(found)) for (priority, name), found in sorted(conditions.items())]
    fallbacks = [rule.name for rule in rules if not rule.conditions]
    if len(fallbacks) != 1 or rules[-1].conditions:
        _refuse_all(f"the names without a feature are {fallbacks}")
    return rules


def segment_names(model: SegmentModel, rules: list[NameRule]) -> dict[int, str]:
    """Name of each segment number: the first by priority of which all conditions hold.

    Segments of one name are told apart in the order of their numbers: loyal, loyal 2.
    """
    names = {NOT_BOUGHT: NOT_BOUGHT_NAME}
    for number, typical in zip(model.numbers.tolist(), model.typical, strict=True):
        name = next(
            rule.name
            for rule in rules
            if all(condition.holds(typical, model.quantiles) for condition in rule.conditions)
        )
        taken, count = name, 1
        while taken in names.values():
            count += 1
            taken = f"{name} {count}"
        names[number] = taken
    return names


def _name(row: dict[str, Any]) -> str:
    name = (row["segment_name"] or "").strip()
    if not name:
        _refuse(row, "has no segment_name; expected a name")
    return name


def _priority(row: dict[str, Any]) -> int:
    if row["priority"] is None:
        _refuse(row, "has no priority; expected a whole number, 1 for the name that is tried first")
    return int(row["priority"])


def _condition(row: dict[str, Any]) -> Condition:
    if row["feature"] not in FEATURE_NAMES:
        _refuse(row, f"names the feature {row['feature']!r}; expected one of {', '.join(FEATURE_NAMES)}")
    if row["comparison"] not in COMPARISONS:
        _refuse(row, f"has the comparison {row['comparison']!r}; expected one of {', '.join(COMPARISONS)}")
    quantile = math.nan if row["quantile"] is None else float(row["quantile"])
    if not 0 <= quantile <= 1:
        _refuse(row, f"has the quantile {row['quantile']}; expected a number from 0 to 1")
    return Condition(FEATURE_NAMES.index(row["feature"]), row["comparison"] == "above", quantile)


def _refuse(row: dict[str, Any], fault: str) -> NoReturn:
    written = ",".join("" if row[column] is None else str(row[column]) for column in COLUMNS)
    raise UserError(f"{SEED}: the row '{written}' {fault}; mend it and run dbt build")


def _refuse_all(fault: str) -> NoReturn:
    raise UserError(
        f"{SEED}: {fault}; expected one priority a name, and one name without a feature, of the last priority, "
        "for the segments that no rule fits; mend it and run dbt build"
    )
