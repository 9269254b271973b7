from dataclasses import fields, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unit.shoppers import CUT, NO_SIMILARITIES, PARAMETERS, make_products, make_purchases
from upswing.customers.candidates import SOURCES, candidates_of, eligible, top_of_rows
from upswing.customers.purchase_matrix import Purchases, Runs, day_number
from upswing.customers.ranking_features import FEATURES, intents_of, ranking_features
from upswing.customers.recommend_knowledge import Known, bought_after
from upswing.customers.recommend_lists import lists_of
from upswing.customers.recommend_parameters import RecommenderParameters
from upswing.customers.recommend_signals import Signals

MONDAY = date(2024, 1, 1)


def purchases_of(rows: list[tuple[str, str, int]], price: float = 2.0) -> pa.Table:
    """Purchases of one unit each: customer, product, days after the first Monday of 2024."""
    days = [MONDAY + timedelta(days=day) for _customer, _product, day in rows]
    return pa.table(
        {
            "customer_id": pa.array([row[0] for row in rows], type=pa.string()),
            "product_id": pa.array([row[1] for row in rows], type=pa.string()),
            "ordered_on": pa.array(days, type=pa.date32()),
            "week_starting": pa.array([day - timedelta(days=day.weekday()) for day in days], type=pa.date32()),
            "units": pa.array([1.0] * len(rows)),
            "revenue": pa.array([price] * len(rows)),
        }
    )


def products_of(categories: dict[str, str]) -> pa.Table:
    """Products and their categories."""
    columns = [pa.array(column, type=pa.string()) for column in (list(categories), list(categories.values()))]
    return pa.table(columns, names=["product_id", "category"])


FEW = purchases_of(
    [("a", "tea", 0), ("a", "tea", 10), ("a", "tea", 20), ("a", "pan", 20), ("b", "tea", 5), ("b", "pan", 30)]
)
FEW_PRODUCTS = products_of({"tea": "drinks", "pan": "kitchen"})


def test_a_run_counts_days_and_remembers_the_first_and_the_last() -> None:
    history = Purchases.from_arrow(FEW, FEW_PRODUCTS)
    runs = Runs.of(history, history.product, 2, day_number(MONDAY) + 10)
    first = day_number(MONDAY)
    # Customer a and b times products pan and tea.
    assert runs.keys.tolist() == [0, 1, 2, 3]
    assert runs.days.tolist() == [1, 3, 1, 1]
    assert runs.recent_days.tolist() == [1, 2, 1, 0]
    assert (runs.first_day - first).tolist() == [20, 0, 30, 5]
    assert (runs.last_day - first).tolist() == [20, 20, 30, 5]
    assert runs.price.tolist() == [2, 2, 2, 2]


def test_two_kinds_on_one_day_are_one_day_of_their_category() -> None:
    history = Purchases.from_arrow(
        purchases_of([("a", "green", 0), ("a", "black", 0)]), products_of({"green": "tea", "black": "tea"})
    )
    runs = Runs.of(history, history.catalogue.category[history.product], 1, 0)
    assert runs.days.tolist() == [1]


def test_a_product_in_no_list_is_of_category_unknown() -> None:
    history = Purchases.from_arrow(FEW, products_of({"tea": "drinks"}))
    categories = history.catalogue.categories[history.catalogue.category]
    assert dict(zip(history.catalogue.product_ids, categories, strict=True)) == {"pan": "unknown", "tea": "drinks"}


def test_nothing_after_the_cut_is_known() -> None:
    history = Purchases.from_arrow(FEW, FEW_PRODUCTS)
    cut = day_number(MONDAY) + 20
    known = Known.at(history, cut, PARAMETERS)
    until = Purchases.from_arrow(FEW.slice(0, 5), FEW_PRODUCTS)
    alone = Known.at(until, cut, PARAMETERS)
    for name in ("days_of_purchase", "is_offered", "repeat_share", "active_customers", "product_repeat_share", "price"):
        np.testing.assert_array_equal(getattr(known, name), getattr(alone, name))
    np.testing.assert_array_equal(known.pairs.keys, alone.pairs.keys)


def test_the_weeks_after_a_cut_begin_the_day_after_and_end_in_full() -> None:
    rows = [("a", "on", 0), ("a", "after", 1), ("a", "last", 7), ("a", "late", 8)]
    history = Purchases.from_arrow(purchases_of(rows), products_of({}))
    bought = bought_after(history, day_number(MONDAY), 1)
    assert history.catalogue.product_ids[bought].tolist() == ["after", "last"]


def test_repeats_need_enough_customers_who_came_back() -> None:
    history = Purchases.from_arrow(FEW, FEW_PRODUCTS)
    cut = day_number(MONDAY) + 30
    allowed = {
        share: Known.at(history, cut, replace(PARAMETERS, repeat_category_share=share)).allows_repeats.tolist()
        for share in (0.5, 0.51)
    }
    # Of drinks' two customers one came back, of kitchen's none.
    assert allowed == {0.5: [True, False], 0.51: [False, False]}


@pytest.mark.parametrize(("days_ago", "offered"), [(6, True), (7, False)])
def test_only_what_was_sold_in_the_last_weeks_is_offered(days_ago: int, offered: bool) -> None:
    history = Purchases.from_arrow(purchases_of([("a", "tea", 0)]), FEW_PRODUCTS)
    known = Known.at(history, day_number(MONDAY) + days_ago, replace(PARAMETERS, active_weeks=1))
    assert known.is_offered.tolist() == [offered]


@given(
    arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=st.sampled_from([-1.0, 0, 1, 2, 3])),
    st.integers(1, 10),
)
def test_the_top_of_a_row_is_what_sorting_gives(scores: np.ndarray, most: int) -> None:
    row, column, rank = top_of_rows(scores, most)
    expected = [
        (number, place, position)
        for number, values in enumerate(scores)
        for position, place in enumerate(sorted(range(len(values)), key=lambda place: (-values[place], place))[:most])
        if values[place] > 0
    ]
    assert list(zip(row.tolist(), column.tolist(), rank.tolist(), strict=True)) == expected


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)), max_size=25), st.integers(1, 4))
def test_a_list_has_no_more_of_a_category_than_allowed(rows: list[tuple[int, int, int]], most: int) -> None:
    customer, category, score = (np.array([row[place] for row in rows], dtype=np.int64) for place in range(3))
    product = np.arange(len(rows))
    lists = lists_of(customer, product, category, score.astype(float), 5, most)
    for who in np.unique(customer):
        mine = lists.row[lists.customer == who]
        assert lists.rank[lists.customer == who].tolist() == list(range(1, len(mine) + 1))
        assert len(mine) <= 5
        assert max(np.bincount(category[mine]), default=0) <= most
        keys = [(-score[row], row) for row in mine]
        assert keys == sorted(keys)
        if len(mine) < 5:
            left = np.setdiff1d(np.flatnonzero(customer == who), mine)
            assert all(np.sum(category[mine] == category[row]) == most for row in left)


@pytest.fixture(scope="module")
def cut() -> tuple[Known, Signals]:
    history = Purchases.from_arrow(make_purchases(), make_products())
    known = Known.at(history, CUT, PARAMETERS)
    return known, Signals.learn(known, NO_SIMILARITIES, PARAMETERS)


def test_candidates_are_offered_once_and_repeats_only_where_allowed(cut: tuple[Known, Signals]) -> None:
    known, signals = cut
    customers = np.flatnonzero(known.days_of_purchase >= 3)
    batch = signals.of(customers)
    candidates = candidates_of(customers, known, signals, batch, PARAMETERS)
    products = len(known.is_offered)
    keys = candidates.customer * products + candidates.product
    assert (np.diff(keys) > 0).all()
    assert known.is_offered[candidates.product].all()
    np.testing.assert_array_equal(candidates.is_repeat, known.pairs.find(keys) >= 0)
    assert known.is_repeatable()[candidates.product[candidates.is_repeat]].all()
    assert not known.allows_repeats.all()
    assert (candidates.is_repeat == (candidates.source == SOURCES.index("own history"))).all()
    assert not eligible(known, signals, batch).all()


def test_signals_see_who_buys_alike(cut: tuple[Known, Signals]) -> None:
    known, signals = cut
    batch = signals.of(np.arange(len(known.days_of_purchase)))
    taste = np.array([int(name[1:]) % 2 for name in known.purchases.customer_ids.tolist()])
    kind = np.array([int(name[1:]) % 2 for name in known.purchases.catalogue.product_ids[signals.offered].tolist()])
    for scores in (batch.als, batch.together):
        same = scores[np.equal.outer(taste, kind)].mean()
        assert same > 2 * scores[~np.equal.outer(taste, kind)].mean()


def test_products_alike_are_suggested_by_what_was_bought() -> None:
    history = Purchases.from_arrow(purchases_of([("a", "tea", 0), ("b", "mug", 0)]), products_of({}))
    known = Known.at(history, day_number(MONDAY), PARAMETERS)
    similarities = pa.table(
        {"product_id": ["tea", "tea"], "similar_product_id": ["mug", "gone"], "similarity": [0.75, 0.9]}
    )
    batch = Signals.learn(known, similarities, PARAMETERS).of(np.array([0, 1]))
    # Columns are mug and tea.
    assert batch.alike.tolist() == [[0.75, 0], [0, 0]]


def test_features_are_those_of_the_purchases() -> None:
    history = Purchases.from_arrow(FEW, FEW_PRODUCTS)
    known = Known.at(history, day_number(MONDAY) + 30, replace(PARAMETERS, repeat_category_share=0))
    signals = Signals.learn(known, NO_SIMILARITIES, PARAMETERS)
    candidates = candidates_of(np.array([0]), known, signals, signals.of(np.array([0])), PARAMETERS)
    intents = pa.table({"customer_id": ["a", "b"], "category": ["drinks", "kitchen"], "intent_probability": [0.7, 0.1]})
    features = ranking_features(known, candidates, intents_of(intents, history, candidates))
    tea = dict(zip(FEATURES, features[1].tolist(), strict=True))
    assert history.catalogue.product_ids[candidates.product].tolist() == ["pan", "tea"]
    assert tea["product_days"] == 3
    assert tea["product_days_since"] == 10
    assert tea["product_mean_gap"] == 10
    assert tea["product_lateness"] == 1
    assert tea["product_share_of_days"] == 1
    assert tea["category_repeat_share"] == 0.5
    assert tea["category_intent"] == pytest.approx(0.7)
    assert tea["price_to_usual"] == 0
    assert tea["customer_days_since"] == 10
    assert np.isnan(features[0][FEATURES.index("category_intent")])


def test_no_feature_says_who_the_person_is() -> None:
    forbidden = ("age", "gender", "sex", "income", "region", "household", "birth")
    assert not [name for name in FEATURES if any(word in name.split("_") for word in forbidden)]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"test_weeks": 0}, "var recommendation_test_weeks is 0"),
        ({"active_weeks": 0}, "var active_weeks is 0"),
        ({"min_days": 0}, "var min_recommendation_days is 0"),
        ({"intent_days": 0}, "var intent_days is 0"),
        ({"repeat_category_share": 1.1}, "var repeat_category_share is 1.1"),
        ({"factors": 0}, "factors is 0"),
        ({"most_repeats": 0}, "var max_repeat_share is 0"),
        ({"half_life_days": 0}, "half_life_days is 0"),
    ],
)
def test_parameters_name_the_var_that_is_wrong(changed: dict[str, float], told: str) -> None:
    values = {field.name: getattr(PARAMETERS, field.name) for field in fields(PARAMETERS)} | changed
    with pytest.raises(ValueError, match=told):
        RecommenderParameters(**values)


@pytest.mark.parametrize("days_later", [10, 880, 5000])
def test_what_was_bought_long_ago_is_still_known_as_bought(days_later: int) -> None:
    rows = [("a", "pan", 0), ("a", "tea", days_later), ("b", "tea", days_later), ("b", "pan", days_later)]
    history = Purchases.from_arrow(purchases_of(rows), FEW_PRODUCTS)
    known = Known.at(history, day_number(MONDAY) + days_later, PARAMETERS)
    signals = Signals.learn(known, NO_SIMILARITIES, PARAMETERS)
    assert (signals.of(np.array([0, 1])).own > 0).all()
