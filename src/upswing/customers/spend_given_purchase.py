"""What a customer spends in the intent window who buys at all: a linear model with a ridge penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LEAST_PURCHASES = 30
"""Rows with a purchase below which nothing but their mean is learned."""


@dataclass(frozen=True)
class SpendGivenPurchase:
    """A trained linear model.

    Attributes:
        centres: mean of each feature over the training rows; a feature that is not known counts as it.
        spreads: standard deviation of each, 1 where it does not vary.
        weights: of each standardised feature.
        mean: spend of a customer typical in all.
    """

    centres: FloatArray
    spreads: FloatArray
    weights: FloatArray
    mean: float

    @classmethod
    def train(cls, features: FloatArray, spend: FloatArray, ridge: float) -> SpendGivenPurchase:
        """Train on rows that all hold a purchase.

        Args:
            features: shape (rows, features), NaN where not known.
            spend: shape (rows,), 0 or more.
            ridge: penalty on the squared weights of the standardised features, above 0.
        """
        number = features.shape[1]
        if len(spend) < LEAST_PURCHASES:
            mean = float(spend.mean()) if len(spend) else 0.0
            return cls(np.zeros(number), np.ones(number), np.zeros(number), mean)
        known = ~np.isnan(features)
        counts = np.maximum(known.sum(axis=0), 1)
        centres = np.where(known, features, 0.0).sum(axis=0) / counts
        spreads = np.sqrt(np.where(known, (features - centres) ** 2, 0.0).sum(axis=0) / counts)
        # A feature that is the same everywhere may differ in its last digit from its mean.
        spreads = np.where(spreads > 1e-9 * (1 + np.abs(centres)), spreads, 1.0)
        standard = _standardised(features, centres, spreads)
        mean = float(spend.mean())
        hessian = standard.T @ standard + ridge * np.eye(number)
        weights = np.linalg.solve(hessian, standard.T @ (spend - mean))
        return cls(centres, spreads, np.asarray(weights, dtype=np.float64), mean)

    def predict(self, features: FloatArray) -> FloatArray:
        """Spend of each row if it buys, 0 or more, shape (rows,)."""
        standard = _standardised(features, self.centres, self.spreads)
        # Row by row: the last digit of a product of matrices depends on how many rows there are.
        return np.asarray(np.maximum(self.mean + (standard * self.weights).sum(axis=1), 0.0))

    def packed(self, prefix: str) -> dict[str, NDArray[Any]]:
        """The model as arrays for :func:`upswing.tensors.pack`."""
        return {
            f"{prefix}.centres": self.centres,
            f"{prefix}.spreads": self.spreads,
            f"{prefix}.weights": self.weights,
            f"{prefix}.mean": np.array([self.mean]),
        }

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]], prefix: str) -> SpendGivenPurchase:
        """What :meth:`packed` packed."""
        centres, spreads, weights = (arrays[f"{prefix}.{name}"] for name in ("centres", "spreads", "weights"))
        return cls(centres, spreads, weights, float(arrays[f"{prefix}.mean"][0]))


def _standardised(features: FloatArray, centres: FloatArray, spreads: FloatArray) -> FloatArray:
    return np.where(np.isnan(features), 0.0, (features - centres) / spreads)
