import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from unit.customer_rows import AS_OF, QUICK, category_rows, category_schema, shuffled, snapshot_rows
from upswing.customers.boosted_trees import BoostedTrees
from upswing.customers.customer_predictor import CustomerPredictor
from upswing.customers.customer_predictor_evaluation import train_predictor
from upswing.customers.customer_predictor_scores import (
    CATEGORY_SCHEMA,
    SCORE_SCHEMA,
    category_scorer,
    customer_scorer,
)
from upswing.customers.customer_snapshots import BROWSING_FEATURES, FEATURES, CustomerSnapshots
from upswing.customers.score_reasons import BASE_RATE, NOTHING, THEMES, Weeks, top_reasons

WEEKS = Weeks(4, 13)
ROWS = snapshot_rows()
CURRENT = ROWS.filter(ROWS["is_current"])
CATEGORIES = category_rows()


@pytest.fixture(scope="module")
def predictor() -> CustomerPredictor:
    return train_predictor(CustomerSnapshots.sorted_from_arrow(ROWS), CATEGORIES, AS_OF, QUICK)


@pytest.fixture(scope="module")
def fit(predictor: CustomerPredictor) -> dict[str, Any]:
    return {"weights": predictor.to_bytes(), "model_version": "00001-x"}


def scored(fit: dict[str, Any] | None, rows: pa.Table, batch_rows: int = 1000) -> pa.Table:
    batches = customer_scorer(fit, WEEKS)(iter(rows.to_batches(max_chunksize=batch_rows)))
    return pa.Table.from_batches(batches, schema=SCORE_SCHEMA)


def test_batches_and_their_order_change_no_score(fit: dict[str, Any]) -> None:
    whole = scored(fit, CURRENT).sort_by("customer_id")
    assert scored(fit, shuffled(CURRENT), 7).sort_by("customer_id").to_pylist() == whole.to_pylist()
    assert whole.num_rows == 120


def test_only_the_active_have_a_churn_probability_and_reasons(fit: dict[str, Any]) -> None:
    found = scored(fit, CURRENT)
    active = pc.greater(CURRENT["orders_active"], 0).to_pylist()
    assert {True, False} == set(active)
    assert pc.is_valid(found["churn_probability"]).to_pylist() == active
    assert pc.is_valid(found["churn_reasons"]).to_pylist() == active
    assert found["purchase_probability"].null_count == found["purchase_reasons"].null_count == 0
    assert pc.min(found["expected_spend"]).as_py() >= 0


def test_categories_are_scored_in_their_order(fit: dict[str, Any], predictor: CustomerPredictor) -> None:
    current = CATEGORIES.filter(CATEGORIES["is_current"])
    found = pa.Table.from_batches(category_scorer(fit)(iter(current.to_batches(max_chunksize=50))))
    assert found.schema == CATEGORY_SCHEMA
    assert found["category"].to_pylist() == current["category"].to_pylist()
    assert predictor.category is not None
    expected = np.round(predictor.category.probabilities(current), 6)
    np.testing.assert_array_equal(found["category_purchase_probability"].to_numpy(), expected)


def test_without_a_fit_or_without_rows_nothing_is_scored(fit: dict[str, Any]) -> None:
    assert scored(None, CURRENT).num_rows == 0
    assert scored(fit, CURRENT.slice(0, 0)).num_rows == 0
    assert list(category_scorer(None)(iter(CATEGORIES.to_batches()))) == []
    assert list(category_scorer(fit)(iter(category_schema().empty_table().to_batches()))) == []


def test_without_history_of_categories_none_is_scored() -> None:
    bare = train_predictor(CustomerSnapshots.sorted_from_arrow(ROWS), category_schema().empty_table(), AS_OF, QUICK)
    fit = {"weights": bare.to_bytes(), "model_version": "v"}
    assert list(category_scorer(fit)(iter(CATEGORIES.to_batches()))) == []


def test_every_feature_is_in_one_theme() -> None:
    told = [name for theme in THEMES for name in theme.features]
    assert sorted(told) == sorted(FEATURES)


def test_reasons_are_strongest_first_and_agree_with_the_probability(predictor: CustomerPredictor) -> None:
    snapshots = CustomerSnapshots.from_arrow(CURRENT)[CustomerSnapshots.from_arrow(CURRENT).is_active]
    told = top_reasons(predictor.churn, FEATURES, snapshots, WEEKS)
    found = predictor.churn_probabilities(snapshots)
    assert any(sentence != NOTHING for sentence in told)
    for sentence in told:
        points = [int(number) for number in re.findall(r"it by (\d+) points?", sentence)]
        assert len(points) <= 3
        assert points == sorted(points, reverse=True)
        assert min(points, default=1) >= 1
    likeliest = told[int(np.argmax(found))]
    assert "raises it by" in likeliest.split("; ")[0]


def test_reasons_name_the_customers_own_numbers(predictor: CustomerPredictor) -> None:
    snapshots = CustomerSnapshots.from_arrow(CURRENT)
    for row, told in enumerate(top_reasons(predictor.purchase, FEATURES, snapshots, WEEKS)):
        facts = dict(zip(FEATURES, snapshots.values[row], strict=True))
        for days in re.findall(r"last purchase (\d+) days? ago", told):
            assert int(days) == facts["recency_days"]
        for recent, active in re.findall(r"(\d+) orders? in 4 weeks, (\d+) in 13", told):
            assert (int(recent), int(active)) == (facts["orders_recent"], facts["orders_active"])


def words(**facts: float | None) -> list[str]:
    row = dict(zip(FEATURES, CustomerSnapshots.from_arrow(CURRENT).values[0].tolist(), strict=True))
    row |= {name: np.nan if value is None else float(value) for name, value in facts.items()}
    return [theme.words(row, WEEKS) for theme in THEMES]


def test_words_at_their_edges() -> None:
    told = words(recency_days=1, mean_days_between_orders=9.04, lateness=0.1, orders_recent=1, orders_active=2)
    assert told[0] == "last purchase 1 day ago, usually every 9 days"
    assert told[1] == "1 order in 4 weeks, 2 in 13"
    assert words(recency_days=None)[0] == "no purchase yet"
    assert (
        words(mean_days_between_orders=None, recency_days=5)[0]
        == "last purchase 5 days ago, on the only day of purchase"
    )
    assert "62 % of the spend on coupon or promotion" in words(promoted_share=0.62)
    assert "no order in 13 weeks" in words(promoted_share=None)
    assert "no visit to the shop online in 13 weeks" in words(days_since_session=None)
    seen = words(days_since_session=2, sessions_recent=1, views_recent=12)
    assert "1 visit online in 4 weeks with 12 product views, the last 2 days ago" in seen
    assert "1 campaign touch in 13 weeks, 0 of them followed" in words(touches_active=1, conversions_active=0)
    assert words(revenue_active=1234.5, average_basket=None)[2] == "1,234.50 spent in 13 weeks"


def test_browsing_that_no_one_did_is_no_reason(fit: dict[str, Any]) -> None:
    assert pc.sum(CURRENT[BROWSING_FEATURES[0]]).as_py() == 0
    assert "online in" not in " ".join(scored(fit, CURRENT)["purchase_reasons"].to_pylist())


def test_the_base_rate_has_no_reasons_but_says_so() -> None:
    trees = BoostedTrees.train(np.zeros((5, 2)), np.zeros(5), np.zeros(5, dtype=np.int64), QUICK.boosting)
    assert top_reasons(trees, FEATURES, CustomerSnapshots.from_arrow(CURRENT)[:2], WEEKS) == [BASE_RATE] * 2
