"""Rules with several categories as condition, kept where they say more than their shorter rules; all rules together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from math import ceil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from upswing.customers.basket_rules import (
    RULE_SCHEMA,
    RuleParameters,
    Rules,
    are_found,
    pair_rules,
    rule_table,
)
from upswing.customers.basket_rules_measures import FloatArray, RuleCounts, adjusted_p_values, upper_tail
from upswing.customers.frequent_itemsets import Baskets, Itemset, frequent_itemsets

Rule = tuple[Itemset, int]
"""Condition and the item that comes with it."""

Count = Callable[[Itemset], int]


def score_rules(pair_rows: pa.Table, sample_rows: pa.Table, parameters: RuleParameters) -> pa.Table:
    """All rules as rows of :data:`RULE_SCHEMA`, by level, condition and item.

    Args:
        pair_rows: rows of ``int_basket_pairs``.
        sample_rows: rows of ``int_basket_sample``.
        parameters: see there.
    """
    found = pa.concat_tables([pair_rules(pair_rows, parameters), longer_rules(sample_rows, parameters)])
    order = [("rule_level", "ascending"), ("antecedent_items", "ascending"), ("antecedent", "ascending")]
    return found.sort_by([*order, ("consequent", "ascending")])


def longer_rules(sample_rows: pa.Table, parameters: RuleParameters) -> pa.Table:
    """Rules of at least two categories as condition and one that comes with them, as rows of :data:`RULE_SCHEMA`.

    Tested is every frequent condition with every other category, whether they ever met or not.

    Args:
        sample_rows: rows of ``int_basket_sample``.
        parameters: see there.
    """
    if parameters.max_rule_items < 3 or not sample_rows.num_rows:
        return RULE_SCHEMA.empty_table()
    is_later = sample_rows["is_later"]
    earlier_rows, later_rows = sample_rows.filter(pc.invert(is_later)), sample_rows.filter(is_later)
    items = sorted(pc.unique(earlier_rows["category"]).drop_null().to_pylist())
    baskets = Baskets.from_arrow(earlier_rows, items)
    least = max(parameters.min_rule_orders, ceil(parameters.min_long_rule_share * len(baskets)))
    itemsets = frequent_itemsets(baskets, least, parameters.max_rule_items)
    rules = list(_rules(itemsets))
    if not rules:
        return RULE_SCHEMA.empty_table()
    counts = _rule_counts(rules, itemsets.__getitem__)
    improvement = counts.confidence - np.array([_best_shorter(rule, itemsets) for rule in rules])
    p_values = _p_values(rules, itemsets.__getitem__)
    conditions = [itemset for itemset in itemsets if 2 <= len(itemset) < parameters.max_rule_items]
    tested = sum(len(items) - len(condition) for condition in conditions)
    adjusted = adjusted_p_values(p_values, tested)
    rows = np.flatnonzero(are_found(counts, improvement, adjusted, True, parameters))
    later, found = Baskets.from_arrow(later_rows, items), [rules[row] for row in rows]
    kept = Rules(
        antecedents=[tuple(items[item] for item in sorted(condition)) for condition, _ in found],
        consequents=[items[item] for _, item in found],
        counts=counts[rows],
        later=_rule_counts(found, later.count),
        improvement=improvement[rows],
        p_values=p_values[rows],
        adjusted_p_values=adjusted[rows],
        later_p_values=_p_values(found, later.count),
        tested=tested,
    )
    return rule_table("category", kept, parameters, bool(pc.any(sample_rows["is_sampled"]).as_py()))


def _rules(itemsets: dict[Itemset, int]) -> Iterator[Rule]:
    """Every rule with one item on the right and several on the left that a frequent set gives, in a fixed order."""
    for itemset in sorted((sorted(itemset) for itemset in itemsets if len(itemset) > 2), key=lambda s: (len(s), s)):
        for item in itemset:
            yield frozenset(itemset) - {item}, item


def _rule_counts(rules: list[Rule], count: Count) -> RuleCounts:
    sides = [
        (count(frozenset()), count(condition), count(frozenset({item})), count(condition | {item}))
        for condition, item in rules
    ]
    return RuleCounts(*np.array(sides, dtype=np.int64).reshape(-1, 4).T)


def _best_shorter(rule: Rule, itemsets: dict[Itemset, int]) -> float:
    """The greatest confidence of a rule for the item whose condition is a part of this one's, be it empty."""
    condition, item = rule
    shorter = (frozenset(part) for size in range(len(condition)) for part in combinations(sorted(condition), size))
    return max(itemsets[part | {item}] / itemsets[part] for part in shorter)


def _p_values(rules: list[Rule], count: Count) -> FloatArray:
    """The greatest p-value over the items of the condition: each must add to the rest of it."""
    greatest = np.zeros(len(rules))
    for place in range(max((len(condition) for condition, _ in rules), default=0)):
        some = [row for row, (condition, _) in enumerate(rules) if place < len(condition)]
        without = [rules[row][0] - {sorted(rules[row][0])[place]} for row in some]
        sides = [
            (count(rules[row][0] | {rules[row][1]}), count(rest), count(rest | {rules[row][1]}), count(rules[row][0]))
            for row, rest in zip(some, without, strict=True)
        ]
        greatest[some] = np.maximum(greatest[some], upper_tail(*np.array(sides, dtype=np.int64).T))
    return greatest
