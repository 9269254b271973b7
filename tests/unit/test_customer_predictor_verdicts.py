import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score

from upswing.customers.customer_predictor_verdicts import (
    customer_verdict,
    difference_interval,
    mean_absolute_error,
    pr_auc,
    spend_metrics,
)
from upswing.customers.purchase_baselines import baseline_probabilities, baseline_spend
from upswing.customers.spend_given_purchase import SpendGivenPurchase

DRAW = np.random.default_rng(5)
CUSTOMERS = np.array([f"c{row // 4}" for row in range(400)], dtype=object)
LABELS = (DRAW.random(400) < 0.3).astype(np.float64)
GOOD = LABELS + DRAW.normal(scale=0.3, size=400)
NOISE = DRAW.normal(size=400)
SPEND = DRAW.gamma(1, 50, size=400)


def test_who_beats_whom() -> None:
    def told(**scores: np.ndarray) -> str:
        return customer_verdict(LABELS, scores, CUSTOMERS, pr_auc, "PR-AUC", True)

    assert told(model=GOOD, weak=NOISE, stronger=NOISE + 0.3 * LABELS).startswith(
        "the model beats its best baseline stronger"
    )
    assert "loses to its best baseline rule" in told(model=NOISE, rule=GOOD)
    assert "is not clearly different from its best baseline same" in told(model=GOOD, same=GOOD)
    assert told(model=GOOD, same=GOOD).endswith("on 400 rows")


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000), digits=st.integers(0, 2))
def test_pr_auc_is_that_of_scikit_learn_with_ties_and_weights(seed: int, digits: int) -> None:
    draw = np.random.default_rng(seed)
    labels = np.array([0.0, 1.0, *(draw.random(40) < 0.4)])
    scores, weights = np.round(draw.random(42), digits), np.array([1.0, 1.0, *draw.integers(0, 3, 40)])
    expected = average_precision_score(labels, scores, sample_weight=weights)
    assert pr_auc(labels, scores, weights) == pytest.approx(expected)


def test_of_errors_less_is_better() -> None:
    near, far = SPEND + 1, SPEND + DRAW.normal(scale=30, size=400)
    for ours, theirs, verb in ((near, far, "beats"), (far, near, "loses to")):
        rivals = {"model": ours, "rule": theirs, "worst": theirs + 500}
        told = customer_verdict(SPEND, rivals, CUSTOMERS, mean_absolute_error, "MAE", False)
        assert told.startswith(f"the model {verb} its best baseline rule: MAE ")


def test_one_class_is_not_measurable() -> None:
    told = customer_verdict(np.zeros(9), {"model": np.zeros(9), "rule": np.zeros(9)}, CUSTOMERS[:9], pr_auc, "", True)
    assert told.startswith("not measurable, for the 9 test rows")


def test_rows_of_a_customer_count_as_one_draw() -> None:
    """Each row four times over is no more evidence where the four are of one customer."""
    once = difference_interval(SPEND, SPEND + 9, NOISE, np.arange(400), mean_absolute_error)
    spend, ours, theirs = (np.repeat(values, 4) for values in (SPEND, SPEND + 9, NOISE))
    together = difference_interval(spend, ours, theirs, np.repeat(np.arange(400), 4), mean_absolute_error)
    as_if_independent = difference_interval(spend, ours, theirs, np.arange(1600), mean_absolute_error)
    assert together == pytest.approx(once)
    assert once[1] - once[0] > 1.5 * (as_if_independent[1] - as_if_independent[0])


@settings(max_examples=30)
@given(actual=arrays(np.float64, 30, elements=st.floats(0, 1e4)), shift=st.floats(-100, 100))
def test_spend_metrics_of_a_shifted_truth(actual: np.ndarray, shift: float) -> None:
    found = spend_metrics(actual, actual + shift)
    assert found["bias"] == pytest.approx(shift, abs=1e-6)
    assert found["mae"] == pytest.approx(abs(shift), abs=1e-6)
    assert found["rmse"] == pytest.approx(abs(shift), abs=1e-6)
    assert found["rows"] == 30
    assert math.isnan(found["wape"]) == (actual.sum() == 0)


def test_the_highest_predictions_hold_a_share_of_the_spend() -> None:
    actual = np.array([100.0, 50.0, *[0.0] * 18])
    assert spend_metrics(actual, actual)["spend_at_10pct"] == 1
    assert spend_metrics(actual, np.array([1.0, *[0.0] * 18, 2.0]))["spend_at_10pct"] == pytest.approx(100 / 150)


def test_spend_is_linear_never_negative_and_gaps_count_as_the_mean() -> None:
    features = DRAW.normal(size=(500, 2))
    spend = 100 + 20 * features[:, 0]
    model = SpendGivenPurchase.train(features, spend, 1e-6)
    np.testing.assert_allclose(model.predict(np.array([[1.0, 0.0], [-50.0, 0.0]])), [120, 0], atol=0.01)
    assert model.predict(np.array([[np.nan, np.nan]]))[0] == pytest.approx(spend.mean())


def test_few_purchases_leave_their_mean_and_none_nothing() -> None:
    few = SpendGivenPurchase.train(np.ones((3, 2)), np.array([1.0, 2.0, 6.0]), 1.0)
    assert few.predict(np.full((2, 2), 9.0)).tolist() == [3, 3]
    assert SpendGivenPurchase.train(np.ones((0, 2)), np.ones(0), 1.0).predict(np.ones((1, 2))).tolist() == [0]


def test_baselines_learn_despite_gaps_and_columns_of_nothing() -> None:
    features = np.column_stack([DRAW.normal(size=600), np.zeros(600), np.full(600, np.nan)])
    features[::5, 0] = np.nan
    labels = (np.nan_to_num(features[:, 0]) > 0).astype(np.float64)
    folds = np.arange(600) % 3
    found = baseline_probabilities(features, labels, folds, features, {"rule": lambda asked: asked[:, 1]})
    assert set(found) == {"rule", "logistic_regression", "random_forest"}
    for name in ("logistic_regression", "random_forest"):
        assert found[name][labels == 1].mean() > found[name][labels == 0].mean() + 0.3
    spend = baseline_spend(features, labels * 10, features, 10.0, {"rule": lambda asked: asked[:, 1] - 5})
    assert (spend["rule"] == 0).all()
    assert all((predicted >= 0).all() for predicted in spend.values())


def test_baselines_of_one_class_are_its_share() -> None:
    features, folds = DRAW.normal(size=(50, 1)), np.arange(50) % 3
    found = baseline_probabilities(features, np.ones(50), folds, features, {"rule": lambda asked: asked[:, 0]})
    assert all(np.allclose(probabilities, 50.5 / 51) for probabilities in found.values())
