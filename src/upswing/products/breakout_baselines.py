"""What the breakout CNN must beat, trained and calibrated on the same rows from the same features."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from upswing.calibration import PlattScaling
from upswing.products.breakout_classifier import TARGETS, BreakoutParameters, calibration_rows, labels_of
from upswing.products.launch_features import LaunchEncoder, LaunchFeatures
from upswing.products.launch_windows import LaunchHistory, LaunchWindows

Scorer = Callable[[LaunchFeatures], NDArray[np.float64]]


def launch_units(_features: LaunchFeatures, _labels: NDArray[np.float64]) -> Scorer:
    """The manager's rule: the more natural units in the launch window, the better."""
    return lambda features: features.context[:, 0]


def logistic_regression(features: LaunchFeatures, labels: NDArray[np.float64]) -> Scorer:
    """A linear model of all features, with a ridge penalty."""
    fitted = LogisticRegression(C=0.1, max_iter=2000).fit(features.flat, labels)
    return lambda features: np.asarray(fitted.decision_function(features.flat))


def gradient_boosting(features: LaunchFeatures, labels: NDArray[np.float64]) -> Scorer:
    """Boosted trees of all features."""
    fitted = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=10, l2_regularization=1, random_state=0
    ).fit(features.flat, labels)
    return lambda features: np.asarray(fitted.decision_function(features.flat))


BASELINES = {
    "launch_units": launch_units,
    "logistic_regression": logistic_regression,
    "gradient_boosting": gradient_boosting,
}


def baseline_probabilities(
    train: LaunchHistory, test: LaunchWindows, parameters: BreakoutParameters
) -> dict[str, NDArray[np.float64]]:
    """Calibrated probabilities of each baseline on ``test``, shape (products, targets).

    A target of which the training rows hold one class only is given that class's share.
    """
    calibrating = calibration_rows(train, parameters)
    training, held = train[~calibrating], train[calibrating]
    encoder = LaunchEncoder.fit(training.windows, training.weekly_units, parameters.category_shrinkage)
    known, held_out, asked = (encoder.encode(rows) for rows in (training.windows, held.windows, test))
    found = {}
    for name, baseline in BASELINES.items():
        columns = []
        for target in range(len(TARGETS)):
            labels = labels_of(training)[:, target]
            score = baseline(known, labels) if len(np.unique(labels)) == 2 else launch_units(known, labels)
            scaling = PlattScaling.fit(score(held_out), labels_of(held)[:, target])
            columns.append(scaling.probabilities(score(asked)))
        found[name] = np.stack(columns, axis=1)
    return found
