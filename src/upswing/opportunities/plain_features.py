"""What is known of an opportunity beside its texts, after each visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from upswing.opportunities.opportunity_texts import KNOWN_AFTER_VISITS, OpportunityTexts

FloatArray = NDArray[np.float64]

PLAIN_FEATURES = (
    "visits",
    "days_open",
    "days_since_previous",
    "mean_minutes",
    "feedback_share",
    "mean_note_length",
    "amount",
    "owner_win_rate",
    "owner_closed",
)
"""Columns of :func:`plain_features`."""

OWNER_SHRINKAGE = 10.0
"""Closed opportunities' worth of belief that an owner wins as often as all."""


def plain_features(texts: OpportunityTexts, base_rate: float) -> FloatArray:
    """:data:`PLAIN_FEATURES` as known after each visit, counts and amounts as log(1 + x), NaN where unknown.

    Args:
        texts: opportunities.
        base_rate: share won of the training opportunities, to which an owner's record is shrunk.

    Returns:
        Shape (visits, features).
    """
    known = {name: texts.known[:, column] for column, name in enumerate(KNOWN_AFTER_VISITS)}
    won, closed = known["owner_won_before"], known["owner_closed_before"]
    amount = texts.amount[texts.opportunity_of_visit]
    columns = {
        "visits": np.log1p(texts.visit_numbers),
        "days_open": np.log1p(np.maximum(known["days_open"], 0)),
        "days_since_previous": np.log1p(known["days_since_previous"]),
        "mean_minutes": known["mean_minutes"] / 60,
        "feedback_share": known["feedback_share"],
        "mean_note_length": np.log1p(known["mean_note_length"]),
        "amount": np.log1p(np.maximum(amount, 0)),
        "owner_win_rate": (won + OWNER_SHRINKAGE * base_rate) / (closed + OWNER_SHRINKAGE),
        "owner_closed": np.log1p(closed),
    }
    return np.stack([columns[name] for name in PLAIN_FEATURES], axis=1)


def without_empty_columns(features: FloatArray) -> FloatArray:
    """Features to learn from: a column without any value is 0 throughout, so that nothing is learned from it."""
    return np.where(np.isnan(features).all(axis=0), 0.0, features)


@dataclass(frozen=True)
class PlainModel:
    """A logistic regression on plain features; an unknown value counts as the mean.

    Attributes:
        mean, spread, coefficients: shape (features,).
        intercept: log-odds at the mean.
    """

    mean: FloatArray
    spread: FloatArray
    coefficients: FloatArray
    intercept: float

    @classmethod
    def fit(cls, features: FloatArray, labels: FloatArray, weights: FloatArray) -> PlainModel:
        """Fit on the rows of visits.

        Args:
            features: shape (visits, features).
            labels: 0/1, shape (visits,).
            weights: of the visits; one over the visits of the opportunity makes all opportunities count alike.
        """
        known = without_empty_columns(features)
        mean = np.nanmean(known, axis=0)
        spread = np.nanstd(known, axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        fitted = LogisticRegression(C=1.0, max_iter=1000).fit(_standardised(features, mean, spread), labels, weights)
        return cls(mean, spread, fitted.coef_[0], float(fitted.intercept_[0]))

    def log_odds(self, features: FloatArray) -> FloatArray:
        """Log-odds of each row."""
        return np.asarray(_standardised(features, self.mean, self.spread) @ self.coefficients + self.intercept)

    def packed(self) -> dict[str, NDArray[Any]]:
        """Its arrays by name."""
        return {
            "plain.mean": self.mean,
            "plain.spread": self.spread,
            "plain.coefficients": self.coefficients,
            "plain.intercept": np.array([self.intercept]),
        }

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]]) -> PlainModel:
        """What :meth:`packed` gave."""
        intercept = float(arrays["plain.intercept"][0])
        return cls(arrays["plain.mean"], arrays["plain.spread"], arrays["plain.coefficients"], intercept)


def _standardised(features: FloatArray, mean: FloatArray, spread: FloatArray) -> FloatArray:
    return np.asarray(np.nan_to_num((features - mean) / spread, nan=0.0))
