import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.customer_rows import QUICK_BOOSTING
from upswing.customers.boosted_trees import BoostedTrees, BoostingParameters
from upswing.splits import hash_folds
from upswing.tensors import pack, unpack

DRAW = np.random.default_rng(1)
FEATURES = DRAW.normal(size=(900, 3))
FEATURES[::7, 2] = np.nan
LABELS = (FEATURES[:, 0] + DRAW.normal(scale=0.7, size=900) > 0.5).astype(np.float64)
FOLDS = hash_folds([f"c{row // 3}" for row in range(900)], QUICK_BOOSTING.folds, "test")


@pytest.fixture(scope="module")
def trees() -> BoostedTrees:
    return BoostedTrees.train(FEATURES, LABELS, FOLDS, QUICK_BOOSTING, (1, 0, 0))


def test_it_learns_and_is_calibrated(trees: BoostedTrees) -> None:
    found = trees.probabilities(FEATURES)
    assert found[LABELS == 1].mean() > found[LABELS == 0].mean() + 0.3
    assert found.mean() == pytest.approx(LABELS.mean(), abs=0.02)
    assert ((found > 0) & (found < 1)).all()


def test_the_same_rows_give_the_same_bytes_and_come_back(trees: BoostedTrees) -> None:
    again = BoostedTrees.train(FEATURES, LABELS, FOLDS, QUICK_BOOSTING, (1, 0, 0))
    assert pack(again.packed("x"), {}) == pack(trees.packed("x"), {})
    assert BoostedTrees.unpacked(unpack(pack(trees.packed("x"), {}))[0], "x") == trees


@settings(max_examples=25)
@given(low=st.floats(-3, 3), step=st.floats(0, 3), other=st.floats(-3, 3))
def test_a_constrained_feature_moves_one_way(trees: BoostedTrees, low: float, step: float, other: float) -> None:
    lower, higher = trees.probabilities(np.array([[low, other, np.nan], [low + step, other, np.nan]]))
    assert lower <= higher + 1e-12


def test_contributions_add_up_to_the_log_odds(trees: BoostedTrees) -> None:
    found = trees.probabilities(FEATURES)
    rest = np.log(found / (1 - found)) - trees.contributions(FEATURES).sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-6)


def test_a_row_alone_gets_what_it_gets_among_others(trees: BoostedTrees) -> None:
    alone = [trees.probabilities(FEATURES[row : row + 1])[0] for row in range(20)]
    np.testing.assert_array_equal(trees.probabilities(FEATURES)[:20], alone)


@pytest.mark.parametrize("positives", [0, 9, 891, 900])
def test_too_few_of_a_class_leave_the_base_rate(positives: int) -> None:
    labels = (np.arange(900) < positives).astype(np.float64)
    trees = BoostedTrees.train(FEATURES, labels, FOLDS, QUICK_BOOSTING)
    assert trees.is_base_rate
    share = (positives + 0.5) / 901
    np.testing.assert_allclose(trees.probabilities(FEATURES[:5]), share, rtol=1e-3)
    assert not trees.contributions(FEATURES[:5]).any()
    assert BoostedTrees.unpacked(unpack(pack(trees.packed("x"), {}))[0], "x") == trees


def test_no_rows_give_no_probability_but_a_model() -> None:
    trees = BoostedTrees.train(np.zeros((0, 3)), np.zeros(0), np.zeros(0, dtype=np.int64), QUICK_BOOSTING)
    assert trees.probabilities(np.zeros((0, 3))).shape == (0,)
    assert trees.probabilities(np.zeros((2, 3))).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("wrong", [{"folds": 1}, {"leaves": 1}, {"feature_share": 0.0}, {"learning_rate": 0.0}])
def test_wrong_parameters_are_named(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        BoostingParameters(**wrong)
