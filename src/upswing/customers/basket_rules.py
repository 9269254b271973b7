"""Association rules: what is bought with what, found in the earlier half of the baskets and confirmed in the later.

Source: the article on sales and big data (association rules). Rules of one item on each side come from the counts of
all baskets; longer ones from FP-growth on baskets of categories. A rule must be significant beyond its shorter rules
(Webb 2007, Discovering significant patterns), corrected for all that were tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.customers.basket_rules_measures import FloatArray, RuleCounts, adjusted_p_values, upper_tail
from upswing.rounding import rounded

RULE_SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("rule_level", "antecedent", "consequent")),
        *(
            pa.field(name, pa.int64())
            for name in ("antecedent_items", "orders", "antecedent_orders", "consequent_orders", "both_orders")
        ),
        *(
            pa.field(name, pa.float64())
            for name in ("support", "confidence", "lift", "leverage", "conviction", "improvement")
        ),
        *(pa.field(name, pa.float64()) for name in ("p_value", "adjusted_p_value")),
        pa.field("tested_rules", pa.int64()),
        *(
            pa.field(f"later_{name}", pa.int64())
            for name in ("orders", "antecedent_orders", "consequent_orders", "both_orders")
        ),
        *(pa.field(f"later_{name}", pa.float64()) for name in ("support", "confidence", "lift", "p_value")),
        pa.field("holds", pa.bool_()),
        pa.field("is_sampled", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class RuleParameters:
    """Which rules are found.

    Attributes:
        min_rule_orders: least baskets with both sides, in the earlier half.
        min_rule_confidence: least share of the baskets with the condition that hold the other item.
        min_rule_lift: least lift, in both halves.
        rule_false_discovery_rate: expected share of rules found by chance among those found.
        max_rule_items: most items of a rule, both sides together.
        min_long_rule_share: a rule of three items or more also stands in at least this share of the baskets; below it
            the sets of items are too many to look through.
        min_improvement: a longer rule's confidence lies at least this far above that of every shorter rule for its
            item.
    """

    min_rule_orders: int = 50
    min_rule_confidence: float = 0.1
    min_rule_lift: float = 1.2
    rule_false_discovery_rate: float = 0.01
    max_rule_items: int = 4
    min_long_rule_share: float = 0.01
    min_improvement: float = 0.05

    def __post_init__(self) -> None:
        if self.min_rule_orders < 2:
            raise ValueError(f"var min_rule_orders is {self.min_rule_orders}; expected at least 2 orders")
        if self.min_rule_lift < 1:
            raise ValueError(f"var min_rule_lift is {self.min_rule_lift}; expected at least 1")
        if self.max_rule_items < 2:
            raise ValueError(f"var max_rule_items is {self.max_rule_items}; expected at least 2 items")
        for name in ("min_rule_confidence", "rule_false_discovery_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"var {name} is {getattr(self, name)}; expected a share between 0 and 1")
        for name in ("min_long_rule_share", "min_improvement"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected a share between 0 and 1")


@dataclass(frozen=True)
class Rules:
    """Rules that were found, of one level and kind, one element a rule.

    Attributes:
        antecedents: names of the items of each condition.
        consequents: names of the items that come with them.
        counts: of the earlier half.
        later: of the later half.
        improvement: confidence less that of the best shorter rule, in the earlier half.
        p_values: of the earlier half.
        adjusted_p_values: the same, corrected for all rules tested.
        later_p_values: of the later half.
        tested: how many rules were tested, these among them.
    """

    antecedents: Sequence[tuple[str, ...]]
    consequents: Sequence[str]
    counts: RuleCounts
    later: RuleCounts
    improvement: FloatArray
    p_values: FloatArray
    adjusted_p_values: FloatArray
    later_p_values: FloatArray
    tested: int


def holding(later_lift: FloatArray, later_p_values: FloatArray, parameters: RuleParameters) -> NDArray[np.bool_]:
    """Which rules the later half confirms: lift again, and significance corrected for all rules that were found."""
    significant = adjusted_p_values(later_p_values, len(later_p_values)) <= parameters.rule_false_discovery_rate
    return np.asarray(significant & (np.nan_to_num(later_lift) >= parameters.min_rule_lift))


def are_found(
    counts: RuleCounts, improvement: FloatArray, adjusted: FloatArray, is_longer: bool, parameters: RuleParameters
) -> NDArray[np.bool_]:
    """Which rules the earlier half gives: frequent, confident, lifting and significant; longer ones also better."""
    return np.asarray(
        (counts.both >= parameters.min_rule_orders)
        & (counts.confidence >= parameters.min_rule_confidence)
        & (counts.lift >= parameters.min_rule_lift)
        & (adjusted <= parameters.rule_false_discovery_rate)
        & ((improvement >= parameters.min_improvement) if is_longer else True)
    )


def rule_table(level: str, rules: Rules, parameters: RuleParameters, is_sampled: bool) -> pa.Table:
    """Rules that were found, judged by the later half, as rows of :data:`RULE_SCHEMA` in their order."""
    counts, later, count = rules.counts, rules.later, len(rules.consequents)
    measures: dict[str, Any] = {
        "rule_level": [level] * count,
        "antecedent": [" + ".join(items) for items in rules.antecedents],
        "consequent": list(rules.consequents),
        "antecedent_items": [len(items) for items in rules.antecedents],
        "orders": counts.orders,
        "antecedent_orders": counts.antecedent,
        "consequent_orders": counts.consequent,
        "both_orders": counts.both,
        "support": counts.support,
        "confidence": counts.confidence,
        "lift": counts.lift,
        "leverage": counts.leverage,
        "conviction": counts.conviction,
        "improvement": rules.improvement,
        "p_value": rules.p_values,
        "adjusted_p_value": rules.adjusted_p_values,
        "tested_rules": [rules.tested] * count,
        "later_orders": later.orders,
        "later_antecedent_orders": later.antecedent,
        "later_consequent_orders": later.consequent,
        "later_both_orders": later.both,
        "later_support": later.support,
        "later_confidence": later.confidence,
        "later_lift": later.lift,
        "later_p_value": rules.later_p_values,
        "holds": holding(later.lift, rules.later_p_values, parameters),
        "is_sampled": [is_sampled] * count,
    }
    arrays = [_column(field.name, measures[field.name], field.type) for field in RULE_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=RULE_SCHEMA)


def pair_rules(pair_rows: pa.Table, parameters: RuleParameters) -> pa.Table:
    """Rules of one item on each side, both ways, as rows of :data:`RULE_SCHEMA`.

    A pair has one p-value, whichever way it is read, so that the correction is for pairs.

    Args:
        pair_rows: rows of ``int_basket_pairs``.
        parameters: see there.
    """
    found = [RULE_SCHEMA.empty_table()]
    for level in sorted(pair_rows["rule_level"].unique().to_pylist()):
        pairs = pair_rows.filter(pc.equal(pair_rows["rule_level"], level))
        pairs = pairs.sort_by([("first_item", "ascending"), ("second_item", "ascending")])
        first, second = pairs["first_item"].to_pylist(), pairs["second_item"].to_pylist()
        (tested,) = pairs["tested_pairs"].unique().to_pylist()
        counts, later = _both_ways(pairs, ""), _both_ways(pairs, "later_")
        p_values = upper_tail(counts.both, counts.orders, counts.consequent, counts.antecedent)
        adjusted = np.tile(adjusted_p_values(p_values[: len(first)], tested), 2)
        improvement = counts.confidence - counts.consequent_share
        rows = np.flatnonzero(are_found(counts, improvement, adjusted, False, parameters))
        antecedents, consequents = first + second, second + first
        counts, later = counts[rows], later[rows]
        rules = Rules(
            antecedents=[(antecedents[row],) for row in rows],
            consequents=[consequents[row] for row in rows],
            counts=counts,
            later=later,
            improvement=improvement[rows],
            p_values=p_values[rows],
            adjusted_p_values=adjusted[rows],
            later_p_values=upper_tail(later.both, later.orders, later.consequent, later.antecedent),
            tested=tested,
        )
        found.append(rule_table(level, rules, parameters, is_sampled=False))
    return pa.concat_tables(found)


def _both_ways(pairs: pa.Table, half: str) -> RuleCounts:
    """Counts of each pair as first → second and then, all over again, as second → first."""
    columns = (f"{half}orders", f"{half}first_orders", f"{half}second_orders", f"{half}pair_orders")
    orders, first, second, both = (np.asarray(pairs[column].to_numpy(), dtype=np.int64) for column in columns)
    there, back = np.concatenate([first, second]), np.concatenate([second, first])
    return RuleCounts(np.tile(orders, 2), there, back, np.tile(both, 2))


def _column(name: str, values: Sequence[object] | NDArray[np.generic], wanted: pa.DataType) -> pa.Array:
    """Doubles rounded, NaN as null."""
    if pa.types.is_floating(wanted):
        return pa.array(rounded(name, np.asarray(values, dtype=np.float64)), type=wanted, from_pandas=True)
    return pa.array(values, type=wanted)
