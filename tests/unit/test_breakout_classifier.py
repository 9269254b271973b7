from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from unit.launches import CYCLE_WEEKS, LAUNCH_WEEKS, QUICK, history_table, make_history
from upswing.fits import NotEnoughHistory
from upswing.products.breakout_baselines import BASELINES
from upswing.products.breakout_classifier import TARGETS, BreakoutClassifier, BreakoutParameters, train_classifier
from upswing.products.breakout_evaluation import fit_breakout_classifier
from upswing.products.breakout_network import BreakoutNetworkParameters
from upswing.products.launch_windows import LaunchHistory
from upswing.torch_session import torch_session

SHORT = replace(QUICK, network=replace(QUICK.network, epochs=2))


def train(history: LaunchHistory, parameters: BreakoutParameters) -> BreakoutClassifier:
    with torch_session():
        return train_classifier(history, parameters)


def test_same_seed_same_bytes_and_another_seed_others(history: LaunchHistory) -> None:
    first = train(history, SHORT).to_bytes()
    assert train(history, SHORT).to_bytes() == first
    other = replace(SHORT, network=replace(SHORT.network, seed=8))
    assert train(history, other).to_bytes() != first


def test_bytes_round_trip(classifier: BreakoutClassifier, history: LaunchHistory) -> None:
    found = BreakoutClassifier.from_bytes(classifier.to_bytes())
    np.testing.assert_array_equal(found.probabilities(history.windows), classifier.probabilities(history.windows))
    assert found.to_bytes() == classifier.to_bytes()


def test_an_easy_signal_is_learned(classifier: BreakoutClassifier) -> None:
    unseen = make_history(400, seed=2)
    found = classifier.probabilities(unseen.windows)
    assert ((found > 0) & (found < 1)).all()
    assert roc_auc_score(unseen.is_breakout, found[:, 0]) > 0.9
    assert roc_auc_score(unseen.is_later_breakout, found[:, 1]) > 0.9


def test_the_convolutions_learn_what_the_linear_start_misses() -> None:
    history = make_history(600, seed=3)
    weeks = history.windows.series[:, 0]
    peak = (weeks.max(axis=1) > 2.2 * weeks.mean(axis=1)).astype(np.float64)
    history = replace(history, is_breakout=peak)
    parameters = replace(QUICK, network=BreakoutNetworkParameters(members=2, epochs=60))
    linear = replace(QUICK, network=BreakoutNetworkParameters(members=2, epochs=1, learning_rate=1e-9))
    train_rows, test_rows = history[np.arange(400)], history[np.arange(400, 600)]
    scores = [train(train_rows, each).probabilities(test_rows.windows)[:, 0] for each in (parameters, linear)]
    learned, started = (float(roc_auc_score(test_rows.is_breakout, score)) for score in scores)
    assert learned > started


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_a_later_label_of_one_class_is_no_fault(history: LaunchHistory, label: float) -> None:
    uniform = replace(history, is_later_breakout=np.full(len(history), label))
    found = train(uniform, SHORT).probabilities(uniform.windows)[:, 1]
    assert np.abs(found - label).max() < 0.2


def test_fit_measures_the_model_and_every_baseline_on_the_same_rows(history: LaunchHistory) -> None:
    fit = fit_breakout_classifier(history_table(history), SHORT)
    found = {(metric.split, metric.target, metric.competitor, metric.metric): metric.value for metric in fit.metrics}
    names = {
        "roc_auc",
        "pr_auc",
        "precision_at_10pct",
        "lift_at_10pct",
        "brier",
        "calibration_error",
        "base_rate",
        "rows",
    }
    for split in ("time", "launch_order"):
        rows = {found[split, target, competitor, "rows"] for target in TARGETS for competitor in ("model", *BASELINES)}
        assert len(rows) == 1, split
    assert len(found) == len(fit.metrics) == 2 * len(TARGETS) * (1 + len(BASELINES)) * len(names)
    assert fit.verdict.count("split by time") == len(TARGETS)
    assert len(BreakoutClassifier.from_bytes(fit.weights).typical) == 5


def test_fit_does_not_depend_on_the_order_of_the_rows(history: LaunchHistory) -> None:
    table = history_table(history)
    shuffled = table.take(pa.array(np.random.default_rng(0).permutation(len(history))))
    assert fit_breakout_classifier(shuffled, SHORT) == fit_breakout_classifier(table, SHORT)


def test_too_few_launches_are_not_learned_from() -> None:
    with pytest.raises(NotEnoughHistory, match="99 historical launches with a full cycle, at least 100 needed"):
        fit_breakout_classifier(history_table(make_history(99)), SHORT)
    with pytest.raises(NotEnoughHistory, match="0 historical launches"):
        fit_breakout_classifier(history_table(make_history(2)).slice(0, 0), SHORT)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_none_or_all_broken_out_are_not_learned_from(history: LaunchHistory, label: float) -> None:
    with pytest.raises(NotEnoughHistory, match="none or all broke out; set the var breakout_threshold"):
        fit_breakout_classifier(history_table(replace(history, is_breakout=np.full(len(history), label))), SHORT)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"filters": 0}, "filters"),
        ({"members": 1}, "members"),
        ({"epochs": 0}, "epochs"),
        ({"patience": 0}, "patience"),
        ({"batch_rows": 0}, "batch_rows"),
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": -0.1}, "dropout"),
    ],
)
def test_network_parameters_name_what_is_wrong(wrong: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} is {next(iter(wrong.values()))}; expected "):
        BreakoutNetworkParameters(**wrong)


@pytest.mark.parametrize(("launch", "cycle"), [(0, 26), (26, 26), (8, 7)])
def test_parameters_name_the_vars_that_are_wrong(launch: int, cycle: int) -> None:
    with pytest.raises(ValueError, match=f"vars launch_weeks and cycle_weeks are {launch} and {cycle}; expected "):
        BreakoutParameters(launch, cycle)
    with pytest.raises(ValueError, match="calibration_folds is 1; expected at least 2"):
        BreakoutParameters(LAUNCH_WEEKS, CYCLE_WEEKS, calibration_folds=1)
