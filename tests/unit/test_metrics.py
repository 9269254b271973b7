import numpy as np
import pytest

from upswing.metrics import calibration_error, classification_metrics, hit_rate, top_share_precision

LABELS = np.array([1.0, 0.0, 1.0, 0.0])
SCORES = np.array([0.9, 0.8, 0.7, 0.1])


def test_classification_metrics_against_values_computed_by_hand() -> None:
    found = classification_metrics(LABELS, SCORES)
    assert found["roc_auc"] == pytest.approx(3 / 4)
    assert found["pr_auc"] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert found["precision_at_10pct"] == 1
    assert found["lift_at_10pct"] == 2
    assert found["brier"] == pytest.approx((0.01 + 0.64 + 0.09 + 0.01) / 4)
    assert found["calibration_error"] == pytest.approx((0.1 + 0.8 + 0.3 + 0.1) / 4)
    assert (found["base_rate"], found["rows"]) == (0.5, 4)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_has_no_ranking_but_a_brier_score(label: float) -> None:
    found = classification_metrics(np.full(4, label), SCORES)
    assert np.isnan(found["roc_auc"])
    assert np.isnan(found["pr_auc"])
    assert found["brier"] == pytest.approx(np.mean((SCORES - label) ** 2))
    assert np.isnan(found["lift_at_10pct"]) == (label == 0)


def test_no_rows_have_no_metrics() -> None:
    found = classification_metrics(np.zeros(0), np.zeros(0))
    assert found.pop("rows") == 0
    assert np.isnan(list(found.values())).all()
    assert np.isnan(hit_rate(np.zeros((0, 3)), np.zeros((0, 3)), 1))


def test_top_share_takes_at_least_one_row_and_breaks_ties_by_order() -> None:
    assert top_share_precision(np.array([0.0, 1.0]), np.array([0.5, 0.5]), 0.1) == 0
    assert top_share_precision(LABELS, SCORES, 0.75) == pytest.approx(2 / 3)


def test_calibration_error_weighs_bins_by_their_rows() -> None:
    labels = np.array([0.0, 0.0, 1.0])
    assert calibration_error(labels, np.array([0.1, 0.3, 0.8]), bins=2) == pytest.approx((0.2 * 2 + 0.2 * 1) / 3)


def test_hit_rate_names_the_earlier_week_on_a_tie() -> None:
    labels = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    scores = np.array([[0.5, 0.5, 0.9], [0.2, 0.2, 0.2]])
    assert hit_rate(labels, scores, 1) == 1
    assert hit_rate(labels, scores, 2) == pytest.approx((1 + 1) / 4)
