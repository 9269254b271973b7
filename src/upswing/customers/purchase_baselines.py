"""What the customer predictor must beat: a manager's rule, a linear model and a random forest, on the same rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from upswing.calibration import PlattScaling
from upswing.customers.spend_given_purchase import SpendGivenPurchase

FloatArray = NDArray[np.float64]
Scorer = Callable[[FloatArray], FloatArray]

CALIBRATING_FOLD = 0
TREES = 60
ROWS_A_TREE = 20_000
LEAST_LEAF = 20


@dataclass(frozen=True)
class Imputation:
    """From features with gaps to standardised ones without: each on a scale of its own logarithm, a gap is its mean."""

    centres: FloatArray
    spreads: FloatArray

    @classmethod
    def fit(cls, features: FloatArray) -> Imputation:
        """Learn the scale of each feature."""
        logarithms = np.ma.masked_invalid(signed_logarithm(features))
        centres = np.ma.filled(logarithms.mean(axis=0), 0.0)
        spreads = np.ma.filled(logarithms.std(axis=0), 0.0)
        return cls(centres, np.where(spreads > 1e-9, spreads, 1.0))

    def __call__(self, features: FloatArray) -> FloatArray:
        """Standardised features, and for each whether it was not known, shape (rows, 2 x features)."""
        standard = (signed_logarithm(features) - self.centres) / self.spreads
        gaps = np.isnan(standard)
        return np.column_stack([np.where(gaps, 0.0, standard), gaps.astype(np.float64)])


def signed_logarithm(features: FloatArray) -> FloatArray:
    """sign(x) log(1 + |x|)."""
    return np.asarray(np.sign(features) * np.log1p(np.abs(features)))


def logistic_regression(features: FloatArray, labels: FloatArray) -> Scorer:
    """A linear model of the standardised features, with a ridge penalty."""
    from sklearn.linear_model import LogisticRegression

    imputed = Imputation.fit(features)
    fitted = LogisticRegression(C=0.1, max_iter=2000).fit(imputed(features), labels)
    return lambda asked: np.asarray(fitted.decision_function(imputed(asked)))


def random_forest(features: FloatArray, labels: FloatArray) -> Scorer:
    """A forest of deep trees of all features, its shares as log-odds."""
    from sklearn.ensemble import RandomForestClassifier

    fitted = RandomForestClassifier(
        TREES, min_samples_leaf=LEAST_LEAF, max_samples=min(1.0, ROWS_A_TREE / len(labels)), random_state=7
    ).fit(features, labels)

    def scores(asked: FloatArray) -> FloatArray:
        shares = np.clip(fitted.predict_proba(asked)[:, 1], 1e-3, 1 - 1e-3)
        return np.asarray(np.log(shares / (1 - shares)))

    return scores


CLASSIFIERS: dict[str, Callable[[FloatArray, FloatArray], Scorer]] = {
    "logistic_regression": logistic_regression,
    "random_forest": random_forest,
}


def baseline_probabilities(
    known: FloatArray, labels: FloatArray, folds: NDArray[np.int64], asked: FloatArray, rules: dict[str, Scorer]
) -> dict[str, FloatArray]:
    """Calibrated probabilities of each baseline on ``asked``, shape (rows,).

    Each learns from all training rows, and is calibrated by a copy of itself on the customers of one fold, from which
    that copy did not learn. Where the training rows hold too little of a class, each is their share.

    Args:
        known, labels, folds: training rows: features, 0/1 and fold of the customer.
        asked: features of the rows to predict.
        rules: scores that need no training, by name.
    """
    held = folds == CALIBRATING_FOLD
    if len(np.unique(labels[~held])) < 2 or not held.any():
        share = PlattScaling.fit(np.zeros(len(labels)), labels).probabilities(np.zeros(len(asked)))
        return {name: share for name in [*rules, *CLASSIFIERS]}
    found = {name: PlattScaling.fit(rule(known), labels).probabilities(rule(asked)) for name, rule in rules.items()}
    for name, train in CLASSIFIERS.items():
        scaling = PlattScaling.fit(train(known[~held], labels[~held])(known[held]), labels[held])
        found[name] = scaling.probabilities(train(known, labels)(asked))
    return found


def baseline_spend(
    known: FloatArray, spend: FloatArray, asked: FloatArray, ridge: float, rules: dict[str, Scorer]
) -> dict[str, FloatArray]:
    """Expected spend of each baseline on ``asked``, 0 or more, shape (rows,).

    Args:
        known, spend: training rows: features, and what was spent.
        asked: features of the rows to predict.
        ridge: penalty of the linear model, which learns from all rows, with a purchase or without.
        rules: spend that needs no training, by name.
    """
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(
        TREES,
        min_samples_leaf=LEAST_LEAF,
        max_features=1 / 3,
        max_samples=min(1.0, ROWS_A_TREE / len(spend)),
        random_state=7,
    ).fit(known, spend)
    return {name: np.maximum(rule(asked), 0.0) for name, rule in rules.items()} | {
        "linear_regression": SpendGivenPurchase.train(known, spend, ridge).predict(asked),
        "random_forest": np.asarray(forest.predict(asked)),
    }
