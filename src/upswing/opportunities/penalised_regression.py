"""A logistic regression whose penalty is chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from upswing.splits import hash_folds

FloatArray = NDArray[np.float64]

FOLDS = 3


def fit_penalised(
    features: Any, labels: FloatArray, ids: Iterable[str], strengths: Sequence[float], salt: str
) -> LogisticRegression:
    """Fit on all rows with the strength that ranks held-out rows best by ROC-AUC; of equal ones the first.

    Args:
        features: an array or a sparse matrix, shape (rows, features).
        labels: 0/1.
        ids: of the rows; they give the folds, with ``salt``.
        strengths: inverse penalties to choose from.
        salt: of the folds.
    """
    folds = hash_folds(ids, FOLDS, salt)
    strength = max(strengths, key=lambda candidate: _crossed_auc(features, labels, folds, candidate))
    return _regression(strength).fit(features, labels)


def _crossed_auc(features: Any, labels: FloatArray, folds: NDArray[np.int64], strength: float) -> float:
    found = []
    for fold in range(FOLDS):
        fit, held = folds != fold, folds == fold
        if len(np.unique(labels[fit])) == 2 == len(np.unique(labels[held])):
            fitted = _regression(strength).fit(features[fit], labels[fit])
            found.append(roc_auc_score(labels[held], fitted.decision_function(features[held])))
    return float(np.mean(found)) if found else 0.0


def _regression(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=1000)
