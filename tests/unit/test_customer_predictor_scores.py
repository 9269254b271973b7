from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from unit.customer_rows import AS_OF, QUICK, category_rows, category_schema, shuffled, snapshot_rows
from upswing.customers.boosted_trees import BoostedTrees
from upswing.customers.customer_predictor import CustomerPredictor, Typical
from upswing.customers.customer_predictor_evaluation import train_predictor
from upswing.customers.customer_predictor_scores import (
    CATEGORY_SCHEMA,
    SCORE_SCHEMA,
    category_scorer,
    customer_scorer,
)
from upswing.customers.customer_snapshots import BROWSING_FEATURES, FEATURES, CustomerSnapshots
from upswing.customers.score_reasons import BASE_RATE, FACTORS, Weeks, probability_reasons
from upswing.reasons.codes import Reason

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
    assert pc.is_valid(found["churn_reason_codes"]).to_pylist() == active
    assert found["purchase_probability"].null_count == found["purchase_reasons"].null_count == 0
    assert pc.min(found["expected_spend"]).as_py() >= 0


def test_the_usual_churn_is_known_where_something_was_learned(
    fit: dict[str, Any], predictor: CustomerPredictor
) -> None:
    found = scored(fit, CURRENT)
    share = round(predictor.typical_churn.share, 6)
    assert set(found.filter(pc.is_valid(found["churn_probability"]))["usual_churn_probability"].to_pylist()) == {share}
    assert set(found.filter(pc.is_null(found["churn_probability"]))["usual_churn_probability"].to_pylist()) == {None}
    features = np.zeros((5, len(predictor.features)))
    base_rate = BoostedTrees.train(features, np.zeros(5), np.zeros(5, dtype=np.int64), QUICK.boosting)
    unlearned = replace(predictor, churn=base_rate)
    found = scored({"weights": unlearned.to_bytes(), "model_version": "00001-x"}, CURRENT)
    assert found["usual_churn_probability"].null_count == found.num_rows > found["churn_probability"].null_count


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


def test_every_feature_is_in_one_factor() -> None:
    told = [name for factor in FACTORS for name in factor.features]
    assert sorted(told) == sorted(FEATURES)
    assert all(factor.fact in factor.features for factor in FACTORS)


def reasons(predictor: CustomerPredictor, target: str, snapshots: CustomerSnapshots) -> list[tuple[Reason, ...]]:
    trees, typical = getattr(predictor, target), getattr(predictor, f"typical_{target}")
    way = {"churn": 1, "purchase": -1}[target]
    return probability_reasons(trees, FEATURES, typical, snapshots, WEEKS, way)


def current(*, active: bool = False) -> CustomerSnapshots:
    snapshots = CustomerSnapshots.from_arrow(CURRENT)
    return snapshots[snapshots.is_active] if active else snapshots


@pytest.mark.parametrize(("target", "way"), [("churn", 1), ("purchase", -1)])
def test_reasons_point_the_way_their_number_lies(predictor: CustomerPredictor, target: str, way: int) -> None:
    snapshots = current(active=target == "churn")
    numbers = getattr(predictor, target).probabilities(snapshots.matrix(FEATURES))
    share = getattr(predictor, f"typical_{target}").share
    natural = {factor.code: factor.rises_with_churn * way for factor in FACTORS}
    natural |= {factor.typical_code: factor.rises_with_churn * way for factor in FACTORS if factor.typical_code}
    listed = 0
    for number, found in zip(numbers, reasons(predictor, target, snapshots), strict=True):
        effects = [reason.effect for reason in found if reason.effect is not None]
        assert effects == sorted(effects, key=abs, reverse=True)
        assert len(effects) <= 3
        for reason in found:
            if reason.effect is None:
                assert reason.code == ("nothing_raises" if number >= share else "nothing_lowers")
                continue
            listed += 1
            assert (reason.effect > 0) == (number >= share)
            assert abs(reason.effect) >= 0.01
            apart = reason.parameters["value"] - reason.parameters["usual"]
            assert apart * natural[reason.code] * reason.effect >= 0
            assert apart != 0
    assert listed > len(snapshots) / 2


def test_the_effect_is_the_number_less_what_it_would_be_as_usual(predictor: CustomerPredictor) -> None:
    snapshots = current(active=True)
    for row, found in enumerate(reasons(predictor, "churn", snapshots)):
        for reason in found:
            if reason.code == "last_purchase":
                matrix = snapshots.matrix(FEATURES)[row : row + 1]
                usual = matrix.copy()
                usual[0, FEATURES.index("recency_days")] = matrix[0, FEATURES.index("mean_days_between_orders")]
                usual[0, FEATURES.index("lateness")] = 1
                before, after = (predictor.churn.probabilities(of)[0] for of in (usual, matrix))
                assert reason.effect == pytest.approx(after - before)
                assert reason.parameters["usual"] == matrix[0, FEATURES.index("mean_days_between_orders")]
                return
    raise AssertionError("no reason is about the last purchase")


def test_from_the_share_of_all_on_the_reasons_raise_the_number(predictor: CustomerPredictor) -> None:
    snapshots = current(active=True)
    numbers = predictor.churn.probabilities(snapshots.matrix(FEATURES))
    share = float(np.median(np.round(numbers, 6)))
    typical = Typical(predictor.typical_churn.values, share)
    found = probability_reasons(predictor.churn, FEATURES, typical, snapshots, WEEKS, 1)
    for number, reasons_found in zip(np.round(numbers, 6), found, strict=True):
        assert all((reason.effect > 0) == (number >= share) for reason in reasons_found if reason.effect)


def changed(**facts: float | None) -> CustomerSnapshots:
    snapshots = current(active=True)[np.arange(1)]
    for name, value in facts.items():
        snapshots.column(name)[:] = np.nan if value is None else value
    return snapshots


def codes(predictor: CustomerPredictor, target: str, **facts: float | None) -> set[str]:
    (found,) = reasons(predictor, target, changed(**facts))
    return {reason.code for reason in found}


def test_the_usual_is_the_customers_own_where_there_is_one(predictor: CustomerPredictor) -> None:
    late = {"recency_days": 80.0, "orders_recent": 0.0, "orders_active": 2.0, "order_trend": -0.15}
    assert "last_purchase" in codes(predictor, "purchase", **late, mean_days_between_orders=10.0, lateness=8.0)
    once = codes(predictor, "purchase", **late, mean_days_between_orders=None, lateness=None)
    assert "last_purchase" not in once
    assert "only_purchase" in once


def test_who_never_bought_is_told_so(predictor: CustomerPredictor) -> None:
    never = dict.fromkeys(("recency_days", "mean_days_between_orders", "lateness", "average_basket"))
    (found,) = reasons(predictor, "purchase", changed(**never))
    told = [reason for reason in found if reason.code == "no_purchase"]
    assert all(reason.effect is not None and reason.effect < 0 for reason in told)
    assert not {"last_purchase", "only_purchase"} & {reason.code for reason in found}


def test_a_customer_as_usual_has_no_reason(predictor: CustomerPredictor) -> None:
    typical = dict(zip(FEATURES, predictor.typical_churn.values.tolist(), strict=True))
    typical |= {"recency_days": 20.0, "mean_days_between_orders": typical["mean_days_between_orders"], "lateness": 1.0}
    typical["recency_days"] = typical["mean_days_between_orders"]
    typical["orders_recent"] = typical["orders_active"] * 4 / 13
    (found,) = reasons(predictor, "churn", changed(**typical))
    assert [reason.effect for reason in found] == [None]


def test_browsing_that_no_one_did_is_no_reason(fit: dict[str, Any]) -> None:
    assert pc.sum(CURRENT[BROWSING_FEATURES[0]]).as_py() == 0
    assert "browsing" not in " ".join(scored(fit, CURRENT)["purchase_reason_codes"].to_pylist())


def test_the_base_rate_has_no_reasons_but_says_so() -> None:
    trees = BoostedTrees.train(np.zeros((5, 2)), np.zeros(5), np.zeros(5, dtype=np.int64), QUICK.boosting)
    typical = Typical(np.zeros(len(FEATURES)), 0.0)
    assert probability_reasons(trees, FEATURES, typical, current()[np.arange(2)], WEEKS, 1) == [BASE_RATE] * 2
