from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, hypergeom

from upswing.customers.basket_rules import RULE_SCHEMA, RuleParameters, pair_rules
from upswing.customers.basket_rules_longer import longer_rules, score_rules
from upswing.customers.basket_rules_measures import adjusted_p_values, upper_tail
from upswing.customers.frequent_itemsets import Baskets, frequent_itemsets

FEW = RuleParameters(min_rule_orders=10, min_long_rule_share=0.01)
PAIR_COLUMNS = ("orders", "first_orders", "second_orders", "pair_orders")

Basket = frozenset[str]


def drawn_baskets(count: int, seed: int, together: float = 0.6) -> list[Basket]:
    """Baskets of a to f by chance; g comes with a and b together, not with either alone."""
    draw = np.random.default_rng(seed)
    marks = draw.random((count, 6)) < [0.4, 0.4, 0.3, 0.2, 0.2, 0.1]
    baskets = [{"abcdef"[item] for item in np.flatnonzero(row)} for row in marks]
    for basket in baskets:
        if draw.random() < (together if {"a", "b"} <= basket else 0.1):
            basket.add("g")
    return [frozenset(basket) for basket in baskets]


def pair_table(earlier: list[Basket], later: list[Basket], least: int, level: str = "category") -> pa.Table:
    """As ``int_basket_pairs`` counts them."""
    items = sorted(item for item in frozenset().union(*earlier) if sum(item in basket for basket in earlier) >= least)
    rows: list[dict[str, Any]] = []
    for first, second in combinations(items, 2):
        row: dict[str, Any] = {"rule_level": level, "first_item": first, "second_item": second}
        for half, baskets in (("", earlier), ("later_", later)):
            row[f"{half}orders"] = len(baskets)
            row[f"{half}first_orders"] = sum(first in basket for basket in baskets)
            row[f"{half}second_orders"] = sum(second in basket for basket in baskets)
            row[f"{half}pair_orders"] = sum({first, second} <= basket for basket in baskets)
        row["tested_pairs"] = len(items) * (len(items) - 1) // 2
        if row["pair_orders"] >= least:
            rows.append(row)
    return pa.Table.from_pylist(rows, schema=PAIR_SCHEMA)


PAIR_SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("rule_level", "first_item", "second_item")),
        *(pa.field(f"{half}{name}", pa.int64()) for half in ("", "later_") for name in PAIR_COLUMNS),
        pa.field("tested_pairs", pa.int64()),
    ]
)


def items_or_none(basket: Basket) -> list[str | None]:
    return [*sorted(basket)] if basket else [None]


def sample_table(earlier: list[Basket], later: list[Basket], is_sampled: bool = False) -> pa.Table:
    """As ``int_basket_sample`` has them."""
    rows = [
        {"order_id": f"{half}{number}", "is_later": half == "later", "category": item, "is_sampled": is_sampled}
        for half, baskets in (("earlier", earlier), ("later", later))
        for number, basket in enumerate(baskets)
        for item in items_or_none(basket)
    ]
    return pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA)


SAMPLE_SCHEMA = pa.schema(
    [
        pa.field("order_id", pa.string()),
        pa.field("is_later", pa.bool_()),
        pa.field("category", pa.string()),
        pa.field("is_sampled", pa.bool_()),
    ]
)


def by_sides(rules: pa.Table) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["antecedent"], row["consequent"]): row for row in rules.to_pylist()}


@given(st.integers(1, 400), st.data())
@settings(max_examples=60)
def test_the_tail_is_that_of_scipy(orders: int, data: st.DataObject) -> None:
    marked, drawn = data.draw(st.integers(0, orders)), data.draw(st.integers(0, orders))
    found = data.draw(st.integers(max(0, marked + drawn - orders), min(marked, drawn)))
    counts = (np.array([count]) for count in (found, orders, marked, drawn))
    expected = hypergeom.sf(found - 1, orders, marked, drawn)
    np.testing.assert_allclose(upper_tail(*counts), expected, rtol=1e-7, atol=1e-12)


def test_the_tail_of_many_baskets_is_that_of_scipy() -> None:
    found, orders = np.array([1000, 1100, 900, 0]), np.full(4, 1_000_000)
    marked, drawn = np.array([20_000, 20_000, 20_000, 5]), np.full(4, 50_000)
    expected = hypergeom.sf(found - 1, orders, marked, drawn)
    np.testing.assert_allclose(upper_tail(found, orders, marked, drawn), expected, rtol=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
@settings(max_examples=40)
def test_adjusted_p_values_are_those_of_scipy(p_values: list[float]) -> None:
    array = np.array(p_values)
    np.testing.assert_allclose(adjusted_p_values(array, len(array)), false_discovery_control(array), atol=1e-12)


def test_tests_that_are_not_shown_count() -> None:
    np.testing.assert_allclose(adjusted_p_values(np.array([0.001, 0.01]), 100), [0.1, 0.5])


def test_measures_are_those_of_the_definition() -> None:
    earlier = [frozenset("ab")] * 30 + [frozenset("a")] * 10 + [frozenset("b")] * 20 + [frozenset()] * 40
    later = [frozenset("ab")] * 40 + [frozenset("a")] * 10 + [frozenset()] * 50
    rules = by_sides(pair_rules(pair_table(earlier, later, 10), FEW))
    assert set(rules) == {("a", "b"), ("b", "a")}
    rule = rules["a", "b"]
    assert [rule[name] for name in ("orders", "antecedent_orders", "consequent_orders", "both_orders")] == [
        100,
        40,
        50,
        30,
    ]
    measures = ("support", "confidence", "lift", "leverage", "conviction", "improvement")
    np.testing.assert_allclose([rule[name] for name in measures], [0.3, 0.75, 1.5, 0.1, 2.0, 0.25])
    assert rule["p_value"] == pytest.approx(hypergeom.sf(29, 100, 50, 40), abs=1e-6)
    assert (rule["later_confidence"], rule["later_lift"]) == (0.8, 2.0)
    assert rule["holds"]
    assert rules["b", "a"]["confidence"] == 0.6
    assert rules["b", "a"]["later_confidence"] == 1


def test_a_rule_that_is_always_right_has_no_conviction() -> None:
    baskets = [frozenset("ab")] * 20 + [frozenset("b")] * 20 + [frozenset()] * 60
    assert by_sides(pair_rules(pair_table(baskets, baskets, 10), FEW))["a", "b"]["conviction"] is None


@pytest.mark.parametrize(
    ("name", "kept", "dropped"),
    [
        ("min_rule_orders", 30, 31),
        ("min_rule_confidence", 0.75, 0.76),
        ("min_rule_lift", 1.5, 1.51),
        ("rule_false_discovery_rate", 0.01, 1e-9),
        # The p-value is 2.6e-5.
    ],
)
def test_a_rule_at_a_threshold_is_found_and_beyond_it_is_not(name: str, kept: float, dropped: float) -> None:
    baskets = [frozenset("ab")] * 30 + [frozenset("a")] * 10 + [frozenset("b")] * 20 + [frozenset()] * 40
    pairs = pair_table(baskets, baskets, 10)
    given_lift = {"min_rule_orders": 10, "min_rule_lift": 1.0}
    assert ("a", "b") in by_sides(pair_rules(pairs, RuleParameters(**(given_lift | {name: kept}))))  # type: ignore[arg-type]
    assert ("a", "b") not in by_sides(pair_rules(pairs, RuleParameters(**(given_lift | {name: dropped}))))  # type: ignore[arg-type]


def test_a_rule_of_the_earlier_half_alone_does_not_hold() -> None:
    earlier = [frozenset("ab")] * 40 + [frozenset()] * 60
    later = [frozenset("a")] * 30 + [frozenset("b")] * 30 + [frozenset("ab")] * 10
    rules = pair_rules(pair_table(earlier, later, 10), FEW)
    assert rules["holds"].to_pylist() == [False, False]
    never_again = pair_rules(pair_table(earlier, [frozenset("c")] * 50, 10), FEW)
    assert never_again["holds"].to_pylist() == [False, False]
    assert never_again["later_lift"].to_pylist() == [None, None]


def test_later_baskets_choose_no_rule() -> None:
    earlier = drawn_baskets(2000, 0)
    tables = [pair_table(earlier, drawn_baskets(2000, seed, share), 10) for seed, share in ((1, 0.6), (2, 0.1))]
    found = [by_sides(pair_rules(table, FEW)) for table in tables]
    assert set(found[0]) == set(found[1])


def test_among_items_of_chance_hardly_any_rule_is_found() -> None:
    draw = np.random.default_rng(0)
    marks = draw.random((2, 3000, 40)) < draw.uniform(0.05, 0.1, 40)
    halves = [[frozenset(f"i{item}" for item in np.flatnonzero(row)) for row in half] for half in marks]
    pairs = pair_table(halves[0], halves[1], 2)
    loose = {"min_rule_orders": 2, "min_rule_confidence": 0.0}
    strict = pair_rules(pairs, RuleParameters(**loose))  # type: ignore[arg-type]
    untested = pair_rules(pairs, RuleParameters(**loose, rule_false_discovery_rate=1.0))  # type: ignore[arg-type]
    assert strict.num_rows <= 2
    assert untested.num_rows > 100


def test_frequent_itemsets_equal_brute_force() -> None:
    drawn = drawn_baskets(400, 3)
    items = sorted(frozenset().union(*drawn))
    baskets = Baskets.from_arrow(sample_table(drawn, []), items)
    assert len(baskets) == 400
    found = frequent_itemsets(baskets, 12, 3)
    expected = {}
    for size in range(4):
        for chosen in combinations(range(len(items)), size):
            count = sum({items[item] for item in chosen} <= basket for basket in drawn)
            if count >= 12 or not size:
                expected[frozenset(chosen)] = count
    assert found == expected
    assert all(baskets.count(itemset) == count for itemset, count in expected.items())


def test_a_longer_rule_is_kept_where_it_beats_its_shorter_ones() -> None:
    rules = by_sides(longer_rules(sample_table(drawn_baskets(4000, 0), drawn_baskets(4000, 1)), FEW))
    assert ("a + b", "g") in rules
    assert all({"a", "b"} <= set(antecedent.split(" + ")) for antecedent, consequent in rules if consequent == "g")
    rule = rules["a + b", "g"]
    earlier = drawn_baskets(4000, 0)
    with_a = [basket for basket in earlier if "a" in basket]
    with_b = [basket for basket in earlier if "b" in basket]
    best = max(sum("g" in basket for basket in some) / len(some) for some in (with_a, with_b))
    assert rule["improvement"] == pytest.approx(rule["confidence"] - best, abs=1e-6)
    assert rule["holds"]
    assert not rule["is_sampled"]
    assert rule["later_orders"] == 4000


def test_a_longer_rule_that_only_repeats_a_shorter_one_is_left_out() -> None:
    draw = np.random.default_rng(5)
    baskets = []
    for row in draw.random((4000, 3)):
        basket = {item for item, share in zip("abc", row, strict=True) if share < 0.4}
        if "a" in basket and draw.random() < 0.8:
            basket.add("g")
        baskets.append(frozenset(basket))
    assert longer_rules(sample_table(baskets, baskets), FEW).num_rows == 0
    assert ("a", "g") in by_sides(pair_rules(pair_table(baskets, baskets, 10), FEW))


def test_the_p_value_of_a_longer_rule_is_the_greatest_over_its_items() -> None:
    earlier = drawn_baskets(1500, 7, 0.3)
    rule = by_sides(
        longer_rules(
            sample_table(earlier, earlier),
            RuleParameters(min_rule_orders=10, rule_false_discovery_rate=1.0, min_improvement=0.0),
        )
    )["a + b", "g"]
    expected = 0.0
    for rest, last in (("a", "b"), ("b", "a")):
        some = [basket for basket in earlier if rest in basket]
        both = sum({last, "g"} <= basket for basket in some)
        chance = hypergeom.sf(
            both - 1, len(some), sum("g" in basket for basket in some), sum(last in basket for basket in some)
        )
        expected = max(expected, chance)
    assert rule["p_value"] == pytest.approx(expected, abs=1e-6)


def test_a_sample_is_told_and_two_items_are_no_longer_rule() -> None:
    sample = sample_table(drawn_baskets(2000, 0), drawn_baskets(2000, 1), is_sampled=True)
    assert set(longer_rules(sample, FEW)["is_sampled"].to_pylist()) == {True}
    assert longer_rules(sample, RuleParameters(min_rule_orders=10, max_rule_items=2)).num_rows == 0


def test_order_of_rows_does_not_matter() -> None:
    earlier, later = drawn_baskets(2000, 0), drawn_baskets(2000, 1)
    pairs, sample = pair_table(earlier, later, 10), sample_table(earlier, later)
    draw = np.random.default_rng(0)
    rules = score_rules(pairs, sample, FEW)
    assert rules.num_rows > 3
    shuffled = [rows.take(draw.permutation(rows.num_rows)) for rows in (pairs, sample)]
    assert rules.equals(score_rules(shuffled[0], shuffled[1], FEW))


@pytest.mark.parametrize("sample", [[], [frozenset()] * 3, [frozenset("a")] * 3])
def test_without_baskets_there_are_no_rules(sample: list[Basket]) -> None:
    rules = score_rules(PAIR_SCHEMA.empty_table(), sample_table(sample, []), FEW)
    assert rules.equals(RULE_SCHEMA.empty_table())


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("min_rule_orders", 1, "var min_rule_orders is 1; expected"),
        ("min_rule_lift", 0.9, "var min_rule_lift is 0.9; expected"),
        ("max_rule_items", 1, "var max_rule_items is 1; expected"),
        ("min_rule_confidence", 1.1, "var min_rule_confidence is 1.1; expected"),
        ("rule_false_discovery_rate", -1, "var rule_false_discovery_rate is -1; expected"),
        ("min_improvement", 2, "min_improvement is 2; expected"),
    ],
)
def test_parameters_outside_their_range_are_told(name: str, value: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RuleParameters(**{name: value})  # type: ignore[arg-type]
