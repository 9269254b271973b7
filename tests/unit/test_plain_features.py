import warnings
from math import log, nan
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from unit.opportunities import make_rows, opportunity, texts_of
from upswing.opportunities.conversion_baselines import BASELINES, train_baselines
from upswing.opportunities.conversion_classifier import ends_and_weights
from upswing.opportunities.plain_features import OWNER_SHRINKAGE, PLAIN_FEATURES, PlainModel, plain_features
from upswing.splits import hash_folds
from upswing.torch_session import torch_session

FloatArray = NDArray[np.float64]


def columns(features: FloatArray) -> dict[str, FloatArray]:
    return dict(zip(PLAIN_FEATURES, features.T, strict=True))


def test_plain_features_of_each_visit() -> None:
    rows = [
        opportunity(
            "a",
            ["met", "signed"],
            [None, "yes"],
            amount=99.0,
            mean_minutes=[30, 45],
            owner_won_before=[0, 8],
            owner_closed_before=[0, 10],
        ),
        opportunity("b", []),
        opportunity("c", ["called"], amount=None),
    ]
    found = columns(plain_features(texts_of(rows), base_rate=0.3))
    expected = {
        "visits": [log(2), log(3), log(2)],
        "days_open": [0, log(8), 0],
        "days_since_previous": [nan, log(8), nan],
        "mean_minutes": [0.5, 0.75, 0.75],
        "feedback_share": [0, 0.5, 0],
        "mean_note_length": [log(4), log(5.5), log(7)],
        "amount": [log(100), log(100), nan],
        "owner_win_rate": [0.3, 11 / 20, 6 / 17],
        "owner_closed": [0, log(11), log(8)],
    }
    assert OWNER_SHRINKAGE == 10
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, err_msg=name)


def test_what_makes_no_sense_counts_as_nothing() -> None:
    found = columns(plain_features(texts_of([opportunity("a", ["met"], amount=-5.0, days_open=[-3.0])]), 0.5))
    assert (found["amount"][0], found["days_open"][0]) == (0, 0)


def drawn(rows: int, seed: int) -> tuple[FloatArray, FloatArray]:
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(rows, 4)) * [1, 10, 1, 1] + [5, 0, 0, 0]
    labels = (features[:, 0] - 5 + draw.normal(scale=0.5, size=rows) > 0).astype(np.float64)
    return features, labels


def test_an_unknown_value_counts_as_the_mean() -> None:
    features, labels = drawn(300, 1)
    features[::3, 0] = nan
    model = PlainModel.fit(features, labels, np.ones(300))
    unknown, mean = np.array([[nan, 1, 1, 1]]), np.array([[np.nanmean(features[:, 0]), 1, 1, 1]])
    np.testing.assert_allclose(model.log_odds(unknown), model.log_odds(mean))
    others, ends = drawn(300, 2)
    assert roc_auc_score(ends, model.log_odds(others)) > 0.9


def test_a_column_that_is_never_known_or_never_differs_says_nothing() -> None:
    features, labels = drawn(300, 1)
    features[:, 1], features[:, 2] = nan, 7
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = PlainModel.fit(features, labels, np.ones(300))
    assert np.isfinite(model.log_odds(features)).all()
    assert model.coefficients[1] == 0
    known = features.copy()
    known[:, 1] = 3
    np.testing.assert_allclose(model.log_odds(known), model.log_odds(features))


def test_weights_count_as_rows() -> None:
    features, labels = drawn(200, 1)
    twice = PlainModel.fit(np.repeat(features, 2, axis=0), np.repeat(labels, 2), np.full(400, 0.5))
    once = PlainModel.fit(features, labels, np.ones(200))
    np.testing.assert_allclose(twice.log_odds(features), once.log_odds(features), atol=1e-3)
    texts = texts_of(make_rows(20))
    ends, weights = ends_and_weights(texts)
    np.testing.assert_allclose(np.bincount(texts.opportunity_of_visit, weights), 1)
    np.testing.assert_array_equal(ends, np.repeat(texts.is_won, texts.visits))


def test_packing() -> None:
    features, labels = drawn(100, 1)
    model = PlainModel.fit(features, labels, np.ones(100))
    np.testing.assert_array_equal(PlainModel.unpacked(model.packed()).log_odds(features), model.log_odds(features))


@pytest.fixture(scope="module")
def won_by_owners() -> list[FloatArray]:
    """Ends that only an owner's record tells, and the probabilities of each baseline for others like them."""
    draw = np.random.default_rng(1)
    rows = []
    for number in range(400):
        rate = float(draw.random())
        status = "won" if draw.random() < rate else "lost"
        visits = int(draw.integers(1, 4))
        known: dict[str, Any] = {"owner_won_before": [100 * rate] * visits, "owner_closed_before": [100.0] * visits}
        rows.append(opportunity(f"o{number}", ["met the manager"] * visits, status=status, **known))
    texts = texts_of(rows)
    train, test = texts[np.arange(200)], texts[np.arange(200, 400)]
    with torch_session():
        trained = train_baselines(train, hash_folds(train.opportunity_ids, 3, "calibration"))
        assert list(trained) == list(BASELINES)
        return [test.is_won, *(scorer(test) for scorer in trained.values())]


def test_baselines_are_calibrated_and_the_one_that_sees_the_features_uses_them(won_by_owners: list[FloatArray]) -> None:
    is_won, *found = won_by_owners
    for probabilities in found:
        assert ((probabilities > 0) & (probabilities < 1)).all()
        assert abs(probabilities.mean() - is_won.mean()) < 0.1
    by_name = dict(zip(BASELINES, found, strict=True))
    assert roc_auc_score(is_won, by_name["gradient_boosting"]) > 0.7
    assert roc_auc_score(is_won, by_name["visit_count"]) < 0.6
