"""What the conversion classifier must beat, trained and calibrated on the same opportunities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from upswing.calibration import PlattScaling
from upswing.opportunities.opportunity_texts import OpportunityTexts
from upswing.opportunities.plain_features import plain_features, without_empty_columns
from upswing.opportunities.word_model import WordModel

FloatArray = NDArray[np.float64]
Scorer = Callable[[OpportunityTexts], FloatArray]


def visit_count(train: OpportunityTexts) -> Scorer:
    """The manager's rule: how many visits it took; whether more are better is learned."""
    fitted = LogisticRegression().fit(np.log1p(train.visits)[:, None], train.is_won)
    return lambda texts: np.asarray(fitted.decision_function(np.log1p(texts.visits)[:, None]))


def tfidf_regression(train: OpportunityTexts) -> Scorer:
    """Words and pairs of words in a logistic regression."""
    words = WordModel.fit(train)
    return lambda texts: words.log_odds(texts)[texts.offsets[1:] - 1]


def gradient_boosting(train: OpportunityTexts) -> Scorer:
    """Boosted trees of the plain features as known after the last visit."""
    base_rate = float(train.is_won.mean())

    def features(texts: OpportunityTexts) -> FloatArray:
        return plain_features(texts, base_rate)[texts.offsets[1:] - 1]

    fitted = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=20, l2_regularization=1, random_state=0
    ).fit(without_empty_columns(features(train)), train.is_won)
    return lambda texts: np.asarray(fitted.decision_function(features(texts)))


BASELINES = {
    "visit_count": visit_count,
    "tfidf_regression": tfidf_regression,
    "gradient_boosting": gradient_boosting,
}


def train_baselines(train: OpportunityTexts, folds: NDArray[np.int64]) -> dict[str, Scorer]:
    """Each baseline by name, as a function from opportunities with a visit to calibrated probabilities.

    Args:
        train: closed opportunities with at least one visit.
        folds: of each; a baseline is calibrated on what it says of a fold when it is trained on the others.
    """
    trained = {}
    for name, baseline in BASELINES.items():
        unseen = np.zeros(len(train))
        for fold in np.unique(folds):
            unseen[folds == fold] = baseline(train[folds != fold])(train[folds == fold])
        trained[name] = _calibrated(baseline(train), PlattScaling.fit(unseen, train.is_won))
    return trained


def _calibrated(score: Scorer, scaling: PlattScaling) -> Scorer:
    return lambda texts: scaling.probabilities(score(texts))
