import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upswing.calibration import PlattScaling


def test_recovers_the_scaling_that_made_the_labels() -> None:
    draw = np.random.default_rng(3)
    scores = draw.normal(size=20_000) * 40
    labels = (draw.random(20_000) < 1 / (1 + np.exp(-(0.05 * scores - 1)))).astype(np.float64)
    fitted = PlattScaling.fit(scores, labels)
    assert fitted.slope == pytest.approx(0.05, rel=0.1)
    assert fitted.intercept == pytest.approx(-1, abs=0.1)


@given(st.lists(st.tuples(st.floats(-50, 50), st.booleans()), min_size=1, max_size=40))
def test_is_monotone_and_strictly_between_0_and_1(rows: list[tuple[float, bool]]) -> None:
    scores = np.array([score for score, _ in rows])
    fitted = PlattScaling.fit(scores, np.array([float(label) for _, label in rows]))
    found = fitted.probabilities(np.linspace(-60, 60, 50))
    assert fitted.slope > 0
    assert (np.diff(found) >= 0).all()
    assert ((found > 0) & (found < 1)).all()


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_shifts_the_scores_to_its_share(label: float) -> None:
    scores = np.array([1.0, 2.0, 3.0])
    fitted = PlattScaling.fit(scores, np.full(3, label))
    assert fitted.slope == 1
    assert fitted.probabilities(np.array([2.0]))[0] == pytest.approx((3 * label + 0.5) / 4)


def test_scores_that_rank_the_wrong_way_round_keep_their_order() -> None:
    assert PlattScaling.fit(np.arange(10.0), (np.arange(10) < 5).astype(np.float64)).slope == 1


def test_no_rows_mean_even_odds() -> None:
    assert PlattScaling.fit(np.zeros(0), np.zeros(0)).probabilities(np.zeros(1))[0] == 0.5
