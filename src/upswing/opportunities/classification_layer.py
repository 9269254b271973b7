"""The classification layer on top of BERT: what all records so far say together.

Source: conversion-probability patent, claim 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from upswing.opportunities.encoded_visits import VisitVectors
from upswing.opportunities.opportunity_texts import OpportunityTexts, runs
from upswing.opportunities.penalised_regression import fit_penalised

FloatArray = NDArray[np.float64]

STRENGTHS = (0.0003, 0.001, 0.003, 0.01)


@dataclass(frozen=True)
class ClassificationLayer:
    """Log-odds, linear in the mean of the notes so far and in the mean of the customer's words so far.

    In both means a visit weighs ``recency`` times the next one.

    Attributes:
        note_weights, feedback_weights: shape (width,).
        heard: added once the customer has said something.
        bias: of all.
        recency: above 0, up to 1.
    """

    note_weights: FloatArray
    feedback_weights: FloatArray
    heard: float
    bias: float
    recency: float

    @classmethod
    def fit(cls, vectors: VisitVectors, texts: OpportunityTexts, recency: float) -> ClassificationLayer:
        """Fit on what is known after the last visits; the penalty is chosen by cross-validation.

        Args:
            vectors: of the visits of ``texts``.
            texts: closed opportunities with at least one visit.
            recency: see there.
        """
        last = texts.offsets[1:] - 1
        weights = visit_weights(texts.visits, recency)[last]
        notes, _ = _mean(weights, vectors.notes, np.ones(len(vectors.notes)))
        feedback, heard = _mean(weights, vectors.feedback, vectors.has_feedback)
        centre = notes.mean(axis=0), _centre(feedback, heard)
        spread = _spread(notes), _spread(feedback[heard > 0])
        standard = [
            (notes - centre[0]) / spread[0],
            (feedback - centre[1]) / spread[1] * heard[:, None],
            heard[:, None],
        ]
        features = np.concatenate(standard, axis=1)
        fitted = fit_penalised(features, texts.is_won, texts.opportunity_ids, STRENGTHS, "classification")
        width = notes.shape[1]
        of_notes, of_feedback = fitted.coef_[0, :width] / spread[0], fitted.coef_[0, width:-1] / spread[1]
        return cls(
            of_notes,
            of_feedback,
            float(fitted.coef_[0, -1] - of_feedback @ centre[1]),
            float(fitted.intercept_[0] - of_notes @ centre[0]),
            recency,
        )

    def log_odds(self, vectors: VisitVectors, visits: NDArray[np.int64]) -> FloatArray:
        """After each visit, shape (visits of all,).

        Args:
            vectors: of all visits, opportunity after opportunity.
            visits: of each opportunity.
        """
        weights = visit_weights(visits, self.recency)
        return self._summed(vectors, weights)

    def log_odds_without(self, vectors: VisitVectors, visits: NDArray[np.int64]) -> FloatArray:
        """After the last visit, had that one visit not been recorded, for each visit; the others weigh as they do."""
        last = np.repeat(np.cumsum(visits) - 1, visits)
        weights = visit_weights(visits, self.recency)[last]
        weights.setdiag(0)
        return self._summed(vectors, weights)

    def _summed(self, vectors: VisitVectors, weights: sparse.csr_matrix) -> FloatArray:
        written, _ = _mean(weights, vectors.notes @ self.note_weights, np.ones(len(vectors.notes)))
        said, heard = _mean(weights, vectors.feedback @ self.feedback_weights, vectors.has_feedback)
        return np.asarray(written + said + self.heard * heard + self.bias)

    def packed(self) -> dict[str, NDArray[Any]]:
        """Its arrays by name."""
        return {
            "classification.note_weights": self.note_weights,
            "classification.feedback_weights": self.feedback_weights,
            "classification.numbers": np.array([self.heard, self.bias, self.recency]),
        }

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]]) -> ClassificationLayer:
        """What :meth:`packed` gave."""
        notes, feedback = arrays["classification.note_weights"], arrays["classification.feedback_weights"]
        return cls(notes, feedback, *arrays["classification.numbers"].tolist())


def visit_weights(visits: NDArray[np.int64], recency: float) -> sparse.csr_matrix:
    """How much each visit weighs after each visit of the same opportunity, shape (visits of all, visits of all)."""
    starts = np.repeat(np.cumsum(visits) - visits, visits)
    numbers = np.arange(len(starts)) - starts + 1
    made = runs(starts, numbers)
    ages = np.repeat(np.arange(len(starts)), numbers) - made
    offsets = np.concatenate([[0], np.cumsum(numbers)])
    return sparse.csr_matrix((recency**ages, made, offsets), shape=(len(starts), len(starts)))


def _mean(weights: sparse.csr_matrix, values: FloatArray, there: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weighted mean of the values that are there, 0 where none is, and whether one is."""
    total = np.asarray(weights @ there)
    present = values * (there[:, None] if values.ndim == 2 else there)
    summed = np.asarray(weights @ present)
    divisor = np.where(total > 0, total, 1.0)
    return summed / (divisor[:, None] if values.ndim == 2 else divisor), (total > 0).astype(np.float64)


def _centre(feedback: FloatArray, heard: FloatArray) -> FloatArray:
    return feedback[heard > 0].mean(axis=0) if heard.any() else np.zeros(feedback.shape[1])


def _spread(values: FloatArray) -> FloatArray:
    spread = values.std(axis=0) if len(values) else np.zeros(values.shape[1])
    return np.where(spread > 0, spread, 1.0)
