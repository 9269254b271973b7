"""Log-odds of several models to the one that is served: which of them take part is chosen by validation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

FloatArray = NDArray[np.float64]

CHOICE_FOLDS = 2


@dataclass(frozen=True)
class ScoreStack:
    """A logistic regression on the log-odds of its members, which calibrates as well.

    Attributes:
        members: names of the models that take part.
        coefficients: of each.
        intercept: added to them.
        losses: log-loss on validation of each candidate, by the names of its members joined with " + ".
    """

    members: tuple[str, ...]
    coefficients: tuple[float, ...]
    intercept: float
    losses: dict[str, float]

    @classmethod
    def choose(
        cls,
        candidates: tuple[tuple[str, ...], ...],
        log_odds: dict[str, FloatArray],
        labels: FloatArray,
        weights: FloatArray,
        folds: NDArray[np.int64],
    ) -> ScoreStack:
        """Choose by log-loss on one half of the rows, fitted on the other, both ways; then fit the chosen on all.

        Args:
            candidates: sets of members; of equal ones the first is taken.
            log_odds: of each member on rows that trained none of them.
            labels: 0/1.
            weights: of the rows.
            folds: 0 or 1, below :data:`CHOICE_FOLDS`.
        """
        losses = {}
        for members in candidates:
            scores = np.stack([log_odds[name] for name in members], axis=1)
            losses[_joined(members)] = _crossed_loss(scores, labels, weights, folds)
        chosen = min(candidates, key=lambda members: losses[_joined(members)])
        fitted = _regression(np.stack([log_odds[name] for name in chosen], axis=1), labels, weights)
        return cls(chosen, tuple(fitted.coef_[0].tolist()), float(fitted.intercept_[0]), losses)

    @property
    def told(self) -> str:
        """Which candidate is served, and how all of them did on validation."""
        of_each = ", ".join(f"{name} {loss:.4f}" for name, loss in self.losses.items())
        return f"served: {_joined(self.members)} (log-loss on validation: {of_each})"

    def log_odds(self, of_members: dict[str, FloatArray]) -> FloatArray:
        """Calibrated log-odds.

        Args:
            of_members: log-odds of at least the members.
        """
        parts = zip(self.coefficients, self.members, strict=True)
        return np.asarray(sum(coefficient * of_members[name] for coefficient, name in parts) + self.intercept)


def _joined(members: tuple[str, ...]) -> str:
    return " + ".join(members)


def _regression(scores: FloatArray, labels: FloatArray, weights: FloatArray) -> LogisticRegression:
    return LogisticRegression(C=10.0).fit(scores, labels, weights)


def _crossed_loss(scores: FloatArray, labels: FloatArray, weights: FloatArray, folds: NDArray[np.int64]) -> float:
    """Mean log-loss of both halves, each by what the other taught; 0 where a half of one class teaches nothing."""
    losses = []
    for fold in range(CHOICE_FOLDS):
        fit, held = folds != fold, folds == fold
        if len(np.unique(labels[fit])) < 2 or not held.any():
            continue
        found = _regression(scores[fit], labels[fit], weights[fit]).predict_proba(scores[held])[:, 1]
        losses.append(log_loss(labels[held], found, sample_weight=weights[held], labels=[0, 1]))
    return float(np.mean(losses)) if losses else 0.0
