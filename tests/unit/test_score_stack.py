import numpy as np
from numpy.typing import NDArray

from upswing.calibration import sigmoid
from upswing.metrics import calibration_error
from upswing.opportunities.score_stack import ScoreStack

FloatArray = NDArray[np.float64]

GOOD, OTHER, NOISE = "good", "other", "noise"
FOLDS = np.arange(800) % 2


def drawn(rows: int = 800, seed: int = 1) -> tuple[dict[str, FloatArray], FloatArray]:
    """Log-odds of members: two say different things of the labels, too boldly; one says nothing."""
    draw = np.random.default_rng(seed)
    one, other = draw.normal(size=(2, rows))
    labels = (draw.random(rows) < sigmoid(1.5 * one + 1.5 * other - 0.5)).astype(np.float64)
    return {GOOD: 6 * one + 3, OTHER: 6 * other, NOISE: 5 * draw.normal(size=rows)}, labels


def choose(candidates: tuple[tuple[str, ...], ...], seed: int = 1) -> ScoreStack:
    return ScoreStack.choose(candidates, *drawn(seed=seed), np.ones(800), FOLDS)


def test_a_member_that_knows_more_takes_part() -> None:
    assert choose(((GOOD,), (GOOD, OTHER))).members == (GOOD, OTHER)
    assert choose(((NOISE,), (GOOD,))).members == (GOOD,)


def test_a_member_that_hurts_takes_no_part() -> None:
    """A member that turns about between the halves, as one that knows nothing but thinks it does."""
    scores, labels = drawn()
    scores["turning"] = np.where(FOLDS == 0, 1, -1) * (labels - 0.5) * 4
    stack = ScoreStack.choose(((GOOD, "turning"), (GOOD,)), scores, labels, np.ones(800), FOLDS)
    assert stack.members == (GOOD,)
    assert stack.losses[GOOD] < stack.losses["good + turning"]


def test_of_equal_candidates_the_first_is_taken() -> None:
    scores, labels = drawn()
    scores["twin"] = scores[GOOD]
    for candidates in (((GOOD,), ("twin",)), (("twin",), (GOOD,))):
        assert ScoreStack.choose(candidates, scores, labels, np.ones(800), FOLDS).members == candidates[0]


def test_bold_members_are_calibrated() -> None:
    stack = choose(((GOOD, OTHER),))
    unseen, labels = drawn(2000, seed=2)
    probabilities = sigmoid(stack.log_odds(unseen))
    assert calibration_error(labels, probabilities) < 0.06
    assert calibration_error(labels, sigmoid(unseen[GOOD])) > 0.15


def test_log_odds_are_the_sum_over_the_members() -> None:
    stack = ScoreStack((OTHER, GOOD), (2.0, -0.5), 0.25, {})
    found = stack.log_odds({GOOD: np.array([1.0, 2.0]), OTHER: np.array([3.0, 0.0]), NOISE: np.array([9.0, 9.0])})
    assert found.tolist() == [5.75, -0.75]


def test_rows_without_weight_do_not_count() -> None:
    scores, labels = drawn()
    weights = np.where(np.arange(800) < 400, 1.0, 0.0)
    spoilt = np.where(weights == 0, 1 - labels, labels)
    candidates = ((GOOD,), (GOOD, OTHER))
    assert ScoreStack.choose(candidates, scores, spoilt, weights, FOLDS) == ScoreStack.choose(
        candidates, scores, labels, weights, FOLDS
    )


def test_all_candidates_are_told_with_their_losses() -> None:
    stack = choose(((GOOD,), (GOOD, OTHER), (NOISE,)))
    assert stack.told.startswith("served: good + other (log-loss on validation: ")
    assert set(stack.losses) == {"good", "good + other", "noise"}
    for name, loss in stack.losses.items():
        assert f"{name} {loss:.4f}" in stack.told


def test_a_half_of_one_end_does_not_stop_the_choice() -> None:
    """Of a few deals all those that were won may fall into one half."""
    scores, labels = drawn()
    one_half = labels * FOLDS
    assert one_half.any()
    stack = ScoreStack.choose(((GOOD,), (GOOD, OTHER)), scores, one_half, np.ones(800), FOLDS)
    assert stack.members == (GOOD,)
    assert np.isfinite([*stack.coefficients, stack.intercept, *stack.losses.values()]).all()
