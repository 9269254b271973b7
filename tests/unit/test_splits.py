import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upswing.splits import decision_week, hash_folds, launch_order_split, lowest_hashes, time_split


def test_a_cycle_that_ends_in_the_decision_week_trains_and_a_later_one_does_not() -> None:
    train, _ = time_split(np.array([75, 76]), 8, 26, 100)
    assert train.tolist() == [True, False]


def test_a_launch_window_that_ends_in_the_decision_week_tests_and_an_earlier_one_does_not() -> None:
    _, test = time_split(np.array([92, 93, 94]), 8, 26, 100)
    assert test.tolist() == [False, True, True]


def test_decision_week_is_the_latest_that_leaves_enough_to_test() -> None:
    first_week = np.arange(0, 101)
    week = decision_week(first_week, 8, 26, 0.2)
    assert week is not None

    def share(at: int) -> float:
        train, test = time_split(first_week, 8, 26, at)
        return float(test.sum() / (train.sum() + test.sum()))

    assert share(week) >= 0.2 > share(week + 1)


def test_no_decision_week_where_no_cycle_ends_before_another_window_closes() -> None:
    assert decision_week(np.arange(10), 8, 26, 0.2) is None
    assert decision_week(np.zeros(0, dtype=np.int64), 8, 26, 0.2) is None


def test_hash_folds_are_the_same_for_ever() -> None:
    assert hash_folds(["a", "b", "c", "1234567", "ä"], 5, "calibration").tolist() == [0, 1, 1, 0, 3]
    assert hash_folds(["a", "b", "c", "1234567", "ä"], 5, "stopping").tolist() == [2, 2, 4, 1, 0]


def test_hash_folds_are_about_equally_large() -> None:
    counts = np.bincount(hash_folds((str(number) for number in range(5000)), 5, "any"), minlength=5)
    assert counts.min() > 900


@given(st.lists(st.integers(0, 20), max_size=60), st.floats(0.05, 0.95))
def test_launch_order_cuts_no_week_in_two_and_every_launch_falls_on_one_side(weeks: list[int], share: float) -> None:
    first_week = np.array(weeks, dtype=np.int64)
    train, test = launch_order_split(first_week, share)
    assert (train ^ test).all()
    assert not set(first_week[train]) & set(first_week[test])
    if weeks:
        assert test.any()
        assert first_week[train].max(initial=-1) < first_week[test].min()


def test_launch_order_tests_the_share_of_the_latest() -> None:
    _, test = launch_order_split(np.arange(101), 0.35)
    assert test.mean() == pytest.approx(0.35, abs=0.02)


def test_a_sample_by_hash_is_of_the_same_ids_whatever_stands_beside_them() -> None:
    ids = [f"o{number}" for number in range(100)]
    chosen = {ids[row] for row in lowest_hashes(ids, 10, "training")}
    assert len(chosen) == 10
    turned = list(reversed(ids))
    assert {turned[row] for row in lowest_hashes(turned, 10, "training")} == chosen
    assert chosen <= {ids[row] for row in lowest_hashes(ids, 20, "training")}
    assert {ids[row] for row in lowest_hashes(ids, 10, "other")} != chosen
    assert lowest_hashes(ids, 1000, "training").tolist() == list(range(100))
