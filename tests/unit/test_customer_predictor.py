from collections import defaultdict
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from unit.customer_rows import (
    AS_OF,
    QUICK,
    category_rows,
    category_schema,
    shuffled,
    snapshot_rows,
    snapshot_schema,
)
from upswing.customers.customer_predictor import CustomerPredictor, CustomerPredictorParameters
from upswing.customers.customer_predictor_evaluation import fit_customer_predictor
from upswing.customers.customer_predictor_measures import time_split
from upswing.customers.customer_snapshots import FEATURES, CustomerSnapshots
from upswing.fits import Fit, NotEnoughHistory

SNAPSHOTS, CATEGORIES = snapshot_rows(), category_rows()
TARGETS = ("churn", "purchase_intent", "expected_spend", "category_intent")


@pytest.fixture(scope="module")
def fit() -> Fit:
    return fit_customer_predictor(SNAPSHOTS, CATEGORIES, AS_OF, QUICK)


def replaced(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, rows.schema.field(place), values)


def test_every_competitor_is_measured_on_the_same_rows(fit: Fit) -> None:
    rows, names = defaultdict(set), defaultdict(set)
    for metric in fit.metrics:
        names[metric.target].add(metric.competitor)
        if metric.metric in ("rows", "base_rate"):
            rows[metric.target, metric.metric].add(metric.value)
    assert tuple(names) == TARGETS
    assert all(len(values) == 1 for values in rows.values())
    classifiers = {"model", "without_browsing", "manager_rule", "logistic_regression", "random_forest"}
    for target in ("churn", "purchase_intent", "category_intent"):
        assert names[target] == classifiers
    assert names["expected_spend"] == {
        "model",
        "without_browsing",
        "manager_rule",
        "active_weeks_pace",
        "linear_regression",
        "random_forest",
    }


def test_the_verdict_has_a_sentence_a_target(fit: Fit) -> None:
    told = fit.verdict.split("; ")
    assert [sentence.split(": ")[0] for sentence in told] == list(TARGETS)
    assert all("the model " in sentence and "best baseline" in sentence for sentence in told)
    assert "MAE" in told[2]
    assert "PR-AUC" in told[0]


def test_the_order_of_rows_does_not_matter(fit: Fit) -> None:
    again = fit_customer_predictor(shuffled(SNAPSHOTS), shuffled(CATEGORIES), AS_OF, QUICK)
    assert again == fit


def test_it_comes_back_from_its_bytes(fit: Fit) -> None:
    assert CustomerPredictor.from_bytes(fit.weights).to_bytes() == fit.weights


def test_the_probabilities_tell_who_is_who(fit: Fit) -> None:
    snapshots = CustomerSnapshots.sorted_from_arrow(SNAPSHOTS)
    predictor = CustomerPredictor.from_bytes(fit.weights)
    churn, purchase = predictor.churn_probabilities(snapshots), predictor.purchase_probabilities(snapshots)
    np.testing.assert_array_equal(np.isnan(churn), ~snapshots.is_active)
    known = snapshots.can_churn
    assert churn[known & (snapshots.has_churned == 1)].mean() > churn[known & (snapshots.has_churned == 0)].mean()
    bought = snapshots.has_intent_window & (snapshots.has_bought == 1)
    assert purchase[bought].mean() > purchase[snapshots.has_intent_window & ~bought].mean()
    spend = predictor.expected_spend(snapshots)
    assert (spend >= 0).all()
    assert spend[snapshots.has_intent_window].mean() == pytest.approx(np.nanmean(snapshots.spend), rel=0.2)


def test_a_customer_is_no_likelier_to_stay_the_longer_away(fit: Fit) -> None:
    snapshots = CustomerSnapshots.sorted_from_arrow(SNAPSHOTS)
    place = FEATURES.index("recency_days")
    longer = snapshots[snapshots.is_active]
    longer.values[:, place] += 30
    churn = CustomerPredictor.from_bytes(fit.weights).churn_probabilities
    assert (churn(longer) >= churn(snapshots[snapshots.is_active]) - 1e-9).all()


def test_training_rows_had_ended_when_the_tested_day_came() -> None:
    days = np.array([AS_OF - timedelta(weeks=4 * number) for number in range(6)], dtype="datetime64[D]")
    usable = np.array([False, False, True, True, True, True])
    found = time_split(days, usable, 56)
    assert found is not None
    assert found[0].tolist() == [False] * 4 + [True] * 2
    assert found[1].tolist() == [False, False, True] + [False] * 3
    assert time_split(days, usable, 85) is None
    assert time_split(days, np.zeros(6, dtype=np.bool_), 56) is None


def test_what_happened_after_the_tested_day_trains_nothing_that_is_measured(fit: Fit) -> None:
    """Snapshots between the training and the tested ones have windows that reach beyond the tested day."""
    tested = max(day for day, known in columns("snapshot_on", "orders_in_churn_window") if known is not None)
    between = pc.and_(
        pc.greater(SNAPSHOTS["snapshot_on"], pa.scalar(tested - timedelta(days=56))),
        pc.less(SNAPSHOTS["snapshot_on"], pa.scalar(tested)),
    )
    turned = pc.if_else(pc.equal(SNAPSHOTS["orders_in_churn_window"], 0), 5, 0)
    values = pc.if_else(between, turned, SNAPSHOTS["orders_in_churn_window"])
    changed = fit_customer_predictor(replaced(SNAPSHOTS, "orders_in_churn_window", values), CATEGORIES, AS_OF, QUICK)
    assert changed.metrics == fit.metrics
    assert changed.weights != fit.weights


def columns(*names: str) -> zip:  # type: ignore[type-arg]
    return zip(*(SNAPSHOTS[name].to_pylist() for name in names), strict=True)


def test_nobody_churns() -> None:
    ones = pc.if_else(pc.is_valid(SNAPSHOTS["orders_in_churn_window"]), 1, SNAPSHOTS["orders_in_churn_window"])
    fit = fit_customer_predictor(replaced(SNAPSHOTS, "orders_in_churn_window", ones), CATEGORIES, AS_OF, QUICK)
    assert "churn: not measurable" in fit.verdict
    assert "churn: too few of one kind" in fit.verdict
    predictor = CustomerPredictor.from_bytes(fit.weights)
    found = predictor.churn_probabilities(CustomerSnapshots.sorted_from_arrow(SNAPSHOTS))
    assert np.nanmax(found) == np.nanmin(found) < 0.01


def test_one_known_snapshot_trains_and_measures_nothing() -> None:
    one = SNAPSHOTS.filter(pc.equal(SNAPSHOTS["snapshot_on"], pa.scalar(AS_OF - timedelta(weeks=8))))
    fit = fit_customer_predictor(one, category_schema().empty_table(), AS_OF, QUICK)
    assert fit.metrics == []
    assert fit.verdict.count("no best baseline is told") == 4
    assert "category_intent: too few customers" in fit.verdict
    assert CustomerPredictor.from_bytes(fit.weights).category is None


@pytest.mark.parametrize(
    "rows", [snapshot_schema().empty_table(), snapshot_rows(120, 1), snapshot_rows(19)], ids=["none", "current", "few"]
)
def test_too_little_history_says_so(rows: pa.Table) -> None:
    with pytest.raises(NotEnoughHistory, match=r"\d+ customers with a snapshot 30 days or more .* at least 20 needed"):
        fit_customer_predictor(rows, CATEGORIES, AS_OF, QUICK)


@pytest.mark.parametrize("name", ["churn_weeks", "intent_days", "recent_weeks", "active_weeks"])
def test_a_wrong_window_names_its_var(name: str) -> None:
    windows: dict[str, Any] = {"churn_weeks": 8, "intent_days": 30, "recent_weeks": 4, "active_weeks": 13}
    with pytest.raises(ValueError, match=f"var {name} is 0"):
        CustomerPredictorParameters(**(windows | {name: 0}))
    with pytest.raises(ValueError, match="recent_weeks and active_weeks"):
        CustomerPredictorParameters(**(windows | {"recent_weeks": 14}))
