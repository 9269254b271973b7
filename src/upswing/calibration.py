"""Scores to probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

FloatArray = NDArray[np.float64]


def sigmoid(log_odds: FloatArray) -> FloatArray:
    """Log-odds to probabilities, strictly between 0 and 1."""
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))), dtype=np.float64)


@dataclass(frozen=True)
class PlattScaling:
    """Probability = sigmoid(slope * score + intercept) (Platt 1999). Monotone: it never changes a ranking."""

    slope: float
    intercept: float

    @classmethod
    def fit(cls, scores: FloatArray, labels: FloatArray) -> PlattScaling:
        """Fit on rows that trained nothing. One class only: the slope stays 1 and the scores are shifted to its share.

        Args:
            scores: log-odds or any score that rises with the probability.
            labels: 0/1.
        """
        if len(np.unique(labels)) == 2:
            spread = float(scores.std()) or 1.0
            fitted = LogisticRegression(C=100.0).fit(scores[:, None] / spread, labels)
            slope = float(fitted.coef_[0, 0]) / spread
            if slope > 0:
                return cls(slope, float(fitted.intercept_[0]))
        share = (float(labels.sum()) + 0.5) / (len(labels) + 1.0)
        centre = float(scores.mean()) if len(scores) else 0.0
        return cls(1.0, float(np.log(share / (1 - share))) - centre)

    def log_odds(self, scores: FloatArray) -> FloatArray:
        """Calibrated log-odds, unbounded."""
        return np.asarray(self.slope * scores + self.intercept, dtype=np.float64)

    def probabilities(self, scores: FloatArray) -> FloatArray:
        """Calibrated probabilities, strictly between 0 and 1."""
        return sigmoid(self.log_odds(scores))
