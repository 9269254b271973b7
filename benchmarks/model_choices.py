"""How the products models were chosen: by validation on launches that the split by time does not test.

Reads the launches of the built warehouse. The breakout network is compared on the launches that train in the split by
launch order: the earlier of them train, the later validate. The number of analogs is compared on breakout products
launched before those of the backtest, each week's from all launches before it, so that cycles overlap: good enough to
choose by, not to report.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from upswing.products.analogs import AnalogParameters, find_analogs
from upswing.products.breakout_baselines import gradient_boosting, logistic_regression
from upswing.products.breakout_classifier import TARGETS, labels_of
from upswing.products.breakout_network import BreakoutNetworkParameters, ensemble_log_odds, train_ensemble
from upswing.products.launch_features import LaunchEncoder, LaunchFeatures
from upswing.products.launch_windows import LaunchHistory
from upswing.products.surge_locator import SurgeParameters, train_locator
from upswing.splits import launch_order_split
from upswing.torch_session import torch_session

LATER_SHARE = 0.35
SHRINKAGE = 5.0
LAUNCH_WEEKS, CYCLE_WEEKS = 8, 26
LEAST_KNOWN = 1000

FloatArray = NDArray[np.float64]
Learner = Callable[[LaunchFeatures, FloatArray, NDArray[np.str_], LaunchFeatures], FloatArray]


def launches() -> LaunchHistory:
    """Historical launches of the built warehouse."""
    warehouse = Path(os.environ.get("UPSWING_WAREHOUSE", "warehouse")) / "upswing.duckdb"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.sql("select * from intermediate.int_launch_histories order by product_id").to_arrow_table()
    return LaunchHistory.from_arrow(rows)


def network(parameters: BreakoutNetworkParameters) -> Learner:
    """The CNN with these parameters."""
    return lambda known, labels, ids, asked: ensemble_log_odds(train_ensemble(known, labels, ids, parameters), asked)


def baseline(fit: Callable[[LaunchFeatures, FloatArray], Callable[[LaunchFeatures], FloatArray]]) -> Learner:
    """A baseline, one model a target."""
    return lambda known, labels, _ids, asked: np.stack([fit(known, column)(asked) for column in labels.T], axis=1)


LEARNERS = {
    "CNN, whole cycle from a regression (default)": network(BreakoutNetworkParameters()),
    "CNN, both from a regression": network(BreakoutNetworkParameters(regression_starts=2)),
    "CNN alone": network(BreakoutNetworkParameters(regression_starts=0)),
    "CNN alone, twice the filters": network(BreakoutNetworkParameters(regression_starts=0, filters=48)),
    "CNN alone, ten times the decay": network(BreakoutNetworkParameters(regression_starts=0, weight_decay=0.5)),
    "logistic regression": baseline(logistic_regression),
    "gradient boosting": baseline(gradient_boosting),
}


def validate(train: LaunchHistory, later: LaunchHistory, learner: Learner) -> list[tuple[float, float]]:
    """ROC-AUC and PR-AUC of each target on the later launches."""
    encoder = LaunchEncoder.fit(train.windows, train.weekly_units, SHRINKAGE)
    known, asked = encoder.encode(train.windows), encoder.encode(later.windows)
    scores = learner(known, labels_of(train), train.windows.product_ids, asked)
    return [
        (float(roc_auc_score(label, score)), float(average_precision_score(label, score)))
        for label, score in zip(labels_of(later).T, scores.T, strict=True)
    ]


def surge_precision(history: LaunchHistory, min_analogs: int) -> float:
    """PR-AUC of surge weeks of earlier breakout products, each week's from the launches before it."""
    parameters = SurgeParameters(LAUNCH_WEEKS, CYCLE_WEEKS, AnalogParameters(min_analogs))
    launched_in = history.windows.launched_in
    first_tested = launched_in.min() + CYCLE_WEEKS - LAUNCH_WEEKS
    surges, scores = [], []
    for week in np.unique(launched_in[launched_in < first_tested]):
        known, asked = history[launched_in < week], history[(launched_in == week) & (history.is_breakout == 1)]
        if len(known) >= LEAST_KNOWN and len(asked):
            analogs = find_analogs(asked.windows, known.windows, parameters.analogs)
            scores.append(train_locator(asked.windows, known, analogs, parameters).probabilities(asked.windows))
            surges.append(asked.surges)
    return float(average_precision_score(np.concatenate(surges).ravel(), np.concatenate(scores).ravel()))


if __name__ == "__main__":
    history = launches()
    reported, _ = launch_order_split(history.windows.launched_in, LATER_SHARE)
    earlier = history[reported]
    training, validating = launch_order_split(earlier.windows.launched_in, LATER_SHARE)
    with torch_session():
        title = f"{training.sum():,} launches train, {validating.sum():,} validate"
        print(f"{title:<46}" + "".join(f"{target:>28}" for target in TARGETS))
        for name, learner in LEARNERS.items():
            found = validate(earlier[training], earlier[validating], learner)
            print(f"{name:<46}" + "".join(f"{f'ROC {roc:.3f}   PR {pr:.3f}':>28}" for roc, pr in found))
        for min_analogs in (20, 40, 80, 160):
            print(f"min_analogs {min_analogs:<6} PR-AUC of surge weeks {surge_precision(history, min_analogs):.3f}")
