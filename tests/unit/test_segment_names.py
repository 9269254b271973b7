from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from unit.segments import NAMES, TRAITS
from upswing.customers.segment_clusters import KMeansClusters
from upswing.customers.segment_features import FEATURE_NAMES, FeatureSpace, FloatArray, quantile_grid
from upswing.customers.segment_model import SegmentModel
from upswing.customers.segment_names import NOT_BOUGHT_NAME, name_rules, segment_names, segment_traits
from upswing.customers.segment_parameters import DensityRules
from upswing.user_errors import UserError

FEATURES = len(FEATURE_NAMES)
SEED = Path(__file__).parents[2] / "seeds" / "segment_names.csv"

RECENCY, REVENUE = (FEATURE_NAMES.index(name) for name in ("recency_days", "revenue_active"))


def model_of(typical: FloatArray) -> SegmentModel:
    """Segments with these typical customers, among customers whose features run from 0 to 1; one order lies at 0."""
    median = np.zeros(FEATURES)
    median[FEATURE_NAMES.index("orders_active")] = np.log1p(1.0)
    space = FeatureSpace(median, np.ones(FEATURES), np.ones(FEATURES), 3.0)
    quantiles = quantile_grid(np.tile(np.linspace(0, 1, 101)[:, None], FEATURES))
    numbers = np.arange(1, len(typical) + 1)
    return SegmentModel(KMeansClusters(space, typical), numbers, len(typical), DensityRules(), typical, quantiles, 182)


def typical(**features: float) -> FloatArray:
    found = np.full(FEATURES, 0.5)
    for name, value in features.items():
        found[FEATURE_NAMES.index(name)] = value
    return found


def named(*customers: FloatArray, rules: pa.Table = NAMES) -> list[str]:
    found = segment_names(model_of(np.stack(customers)), name_rules(rules), segment_traits(TRAITS))
    assert found.pop(0).name == NOT_BOUGHT_NAME
    return [segment.name for segment in found.values()]


def test_the_first_rule_that_fits_gives_the_name() -> None:
    both = typical(recency_days=0.9, revenue_active=0.9)
    assert named(both, typical(revenue_active=0.9), typical()) == ["dormant", "best", "rest"]


def test_at_the_quantile_itself_a_condition_does_not_hold() -> None:
    found = named(typical(recency_days=0.7), typical(recency_days=0.700001))
    assert found == ["rest", "dormant"]


def test_all_rows_of_a_name_must_hold() -> None:
    rules = changed(0, segment_kind="best", priority=2)
    assert named(typical(recency_days=0.9), typical(recency_days=0.9, revenue_active=0.9), rules=rules) == [
        "rest",
        "best",
    ]


def test_segments_of_one_kind_are_distinguished_by_what_differs_most() -> None:
    found = named(
        typical(average_basket=0.9),
        typical(online_share=0.9, average_basket=0.4),
        typical(average_basket=0.1),
        typical(revenue_active=0.9, average_basket=0.9),
    )
    assert found == ["rest, large baskets", "rest, online", "rest, small baskets", "best"]


def test_a_small_difference_distinguishes_nothing() -> None:
    assert named(typical(online_share=0.74), typical()) == ["rest", "rest 2"]
    assert named(typical(online_share=0.75), typical()) == ["rest, online", "rest, in stores"]


def test_segments_share_a_kind_but_no_name() -> None:
    customers = np.stack([typical(average_basket=0.9), typical(average_basket=0.1)])
    found = segment_names(model_of(customers), name_rules(NAMES), segment_traits(TRAITS))
    assert [(found[number].kind, found[number].name) for number in (1, 2)] == [
        ("rest", "rest, large baskets"),
        ("rest", "rest, small baskets"),
    ]


def test_a_limit_may_be_a_value_in_the_unit_of_the_column() -> None:
    rules = changed(0, segment_kind="lapsed", feature="orders_active", comparison="below", quantile=None, value=1.0)
    found = named(typical(orders_active=0.0), typical(orders_active=-0.001), rules=rules)
    assert found == ["rest", "lapsed"]


@pytest.mark.parametrize("row", [{"feature": "shoe_size"}, {"feature": "online_share"}, {"below": None}])
def test_a_bad_trait_is_named(row: dict[str, Any]) -> None:
    rows = TRAITS.to_pylist()
    rows[0] |= row
    with pytest.raises(UserError, match=r"^seeds/segment_traits\.csv: the feature '.*expected"):
        segment_traits(pa.Table.from_pylist(rows, schema=TRAITS.schema))


def test_segments_that_differ_in_no_trait_are_numbered() -> None:
    assert named(typical(), typical(), typical(revenue_active=0.9), typical()) == ["rest", "rest 2", "best", "rest 3"]


def test_a_name_that_is_taken_is_not_given_twice() -> None:
    rules = changed(1, segment_kind="rest 2")
    assert named(typical(revenue_active=0.9), typical(), typical(), rules=rules) == ["rest 2", "rest", "rest 3"]


def test_the_seed_holds_rules_and_names_what_it_says() -> None:
    seed = csv.read_csv(SEED, convert_options=csv.ConvertOptions(strings_can_be_null=True))
    shuffled = seed.take(pa.array(np.random.default_rng(0).permutation(seed.num_rows)))
    assert [rule.kind for rule in name_rules(shuffled)] == [
        "lapsed",
        "dormant",
        "new",
        "high value",
        "loyal",
        "at risk",
        "potential",
        "occasional",
    ]
    found = named(
        typical(recency_days=0.9, orders_active=-0.1),
        typical(recency_days=0.9, orders_active=0.1),
        typical(tenure_days=0.1, revenue_active=0.9),
        typical(revenue_active=0.8, orders_active=0.9, mean_days_between_orders=0.1),
        typical(orders_active=0.7, mean_days_between_orders=0.2),
        typical(recency_days=0.7, order_trend=0.2),
        typical(average_basket=0.6, orders_active=0.3),
        typical(average_basket=0.3),
        rules=seed,
    )
    assert found == ["lapsed", "dormant", "new", "high value", "loyal", "at risk", "potential", "occasional"]


def changed(row: int, **columns: Any) -> pa.Table:
    rows = NAMES.to_pylist()
    rows[row] = rows[row] | columns
    return pa.Table.from_pylist(rows, schema=NAMES.schema)


@pytest.mark.parametrize(
    ("row", "columns", "fault"),
    [
        (
            0,
            {"feature": "age_band"},
            "'dormant,1,age_band,above,0.7,' names the feature 'age_band'; expected",
        ),
        (
            0,
            {"comparison": "over"},
            "'dormant,1,recency_days,over,0.7,' has the comparison 'over'; expected",
        ),
        (0, {"comparison": None}, "has the comparison None; expected"),
        (0, {"value": 3.0}, "has the quantile 0.7 and the value 3.0; expected one of the two"),
        (0, {"quantile": None, "value": float("inf")}, "has the value inf; expected"),
        (0, {"quantile": 1.01}, "has the quantile 1.01; expected"),
        (0, {"quantile": -0.01}, "has the quantile -0.01; expected"),
        (0, {"quantile": None}, "has the quantile None and the value None; expected"),
        (1, {"segment_kind": " "}, "' ,2,revenue_active,above,0.7,' has no segment_kind; expected"),
        (1, {"priority": None}, "'best,,revenue_active,above,0.7,' has no priority; expected"),
        (
            2,
            {"quantile": 0.5},
            "'rest,3,,,0.5,' has a comparison or a limit but no feature; expected",
        ),
        (
            2,
            {"priority": 0},
            r"the kinds without a feature are \['rest'\]; expected",
        ),
        (
            1,
            {"feature": None, "comparison": None, "quantile": None},
            r"the kinds without a feature are \['best', 'rest'\]",
        ),
        (
            2,
            {"feature": "order_trend", "comparison": "above", "quantile": 0.1},
            r"the kinds without a feature are \[\]",
        ),
        (1, {"priority": 1}, "the priority 1 has several kinds"),
        (1, {"segment_kind": "dormant"}, "the kind 'dormant' has several priorities"),
    ],
)
def test_a_bad_row_is_named_with_what_is_expected(row: int, columns: dict[str, Any], fault: str) -> None:
    with pytest.raises(UserError, match=rf"^seeds/segment_names\.csv: .*{fault}"):
        name_rules(changed(row, **columns))


def test_no_rules_at_all_are_named_too() -> None:
    with pytest.raises(UserError, match=r"the kinds without a feature are \[\]"):
        name_rules(NAMES.slice(0, 0))
