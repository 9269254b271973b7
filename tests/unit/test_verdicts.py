import numpy as np

from upswing.verdicts import difference_interval, verdict

DRAW = np.random.default_rng(5)
LABELS = (DRAW.random(400) < 0.3).astype(np.float64)
GOOD = LABELS + DRAW.normal(scale=0.3, size=400)
NOISE = DRAW.normal(size=400)


def test_a_clear_winner_beats_its_best_baseline() -> None:
    told = verdict(LABELS, {"model": GOOD, "weak": NOISE, "stronger": NOISE + 0.3 * LABELS})
    assert told.startswith("the model beats its best baseline stronger: PR-AUC ")
    assert told.endswith("on 400 rows")


def test_a_clear_loser_loses() -> None:
    assert "loses to its best baseline rule" in verdict(LABELS, {"model": NOISE, "rule": GOOD})


def test_a_tie_is_not_clearly_different() -> None:
    assert "is not clearly different from its best baseline same" in verdict(LABELS, {"model": GOOD, "same": GOOD})


def test_one_class_is_not_measurable() -> None:
    told = verdict(np.zeros(7), {"model": np.zeros(7), "rule": np.zeros(7)})
    assert told.startswith("not measurable, for the 7 test rows")


def test_the_interval_is_the_same_each_time_and_turns_with_the_sides() -> None:
    low, high = difference_interval(LABELS, GOOD, NOISE)
    assert (low, high) == difference_interval(LABELS, GOOD, NOISE)
    assert difference_interval(LABELS, NOISE, GOOD) == (-high, -low)
