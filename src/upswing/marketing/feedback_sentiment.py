"""How content the writer of a text is: a logistic layer on what BERT reads and on the words, learned from stars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.bert import MAX_UNKNOWN_SHARE
from upswing.customers.product_features_texts import vector_matrix
from upswing.marketing.feedback_terms import Terms
from upswing.shared_terms import LEAST_SUBJECTS, check_least_subjects
from upswing.tensors import pack, unpack

FloatArray = NDArray[np.float64]

CLASSES = ("bad", "middling", "good")
"""Fewer than 3 stars, 3, more: the columns of labels and probabilities."""


@dataclass(frozen=True)
class SentimentParameters:
    """Of the sentiment classifier.

    Attributes:
        bert_digest: which BERT read the texts; empty where none did.
        penalties: inverse strengths of the penalty that are tried; the best on validation is used.
        min_texts: fewest texts with stars to learn from.
        min_class_texts: fewest of them of each class.
        most_texts: most texts that train and test; a sample by hash of text where there are more.
        alike_share: a text that holds this share of the letter triples of another is told apart from it by no split.
        least_customers: a word is learned from where so many customers wrote it (var ``k_anonymity``).
        folds: of the split; each tests once while another validates and the rest train.
    """

    bert_digest: str = ""
    penalties: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0)
    min_texts: int = 200
    min_class_texts: int = 20
    most_texts: int = 20_000
    alike_share: float = 0.6
    least_customers: int = LEAST_SUBJECTS
    folds: int = 5

    def __post_init__(self) -> None:
        if not self.penalties or min(self.penalties) <= 0:
            raise ValueError(f"penalties is {self.penalties}; expected numbers above 0")
        if self.folds < 3:
            raise ValueError(f"folds is {self.folds}; expected at least 3: to train, to validate, to test")
        if not 0 < self.alike_share <= 1:
            raise ValueError(f"alike_share is {self.alike_share}; expected a share above 0 up to 1")
        check_least_subjects("least_customers", self.least_customers)
        for name in ("min_texts", "min_class_texts", "most_texts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 1")


@dataclass(frozen=True)
class SentimentLayer:
    """Multinomial logistic regression.

    Attributes:
        coefficients: shape (classes, width).
        intercepts: shape (classes,).
    """

    coefficients: FloatArray
    intercepts: FloatArray

    @classmethod
    def fit(cls, features: Any, counts: FloatArray, penalty: float) -> SentimentLayer:
        """Learn from texts.

        Args:
            features: shape (texts, width); dense or sparse.
            counts: how often each text stood beside stars of each class, shape (texts, classes).
            penalty: inverse strength of the quadratic penalty, above 0.
        """
        from sklearn.linear_model import LogisticRegression

        row, label = np.nonzero(counts)
        model = LogisticRegression(C=penalty, max_iter=500, tol=1e-4)
        model.fit(features[row], label, sample_weight=counts[row, label])
        if len(model.classes_) != len(CLASSES):
            raise ValueError(f"stars of {len(model.classes_)} classes; expected each of {', '.join(CLASSES)}")
        return cls(np.asarray(model.coef_, dtype=np.float64), np.asarray(model.intercept_, dtype=np.float64))

    def probabilities(self, features: Any) -> FloatArray:
        """P(class) of each text, shape (texts, classes); rows add up to 1."""
        scores = np.asarray(features @ self.coefficients.T) + self.intercepts
        powers = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)


@dataclass(frozen=True)
class SentimentClassifier:
    """What is served: both what BERT reads and the words themselves are looked at.

    Attributes:
        terms: the words.
        layer: on what BERT reads, then the words.
    """

    terms: Terms
    layer: SentimentLayer

    def probabilities(self, texts: Sequence[str], readings: FloatArray) -> FloatArray:
        """P(class) of each text, shape (texts, classes).

        Args:
            texts: in lower case.
            readings: of BERT, shape (texts, width).
        """
        return self.layer.probabilities(beside(readings, self.terms.weights(texts)))

    def to_bytes(self) -> bytes:
        """As safetensors."""
        arrays = {"coefficients": self.layer.coefficients, "intercepts": self.layer.intercepts}
        return pack(arrays | self.terms.packed(), {"classes": list(CLASSES)})

    @classmethod
    def from_bytes(cls, blob: bytes) -> SentimentClassifier:
        """What :meth:`to_bytes` wrote."""
        arrays, _facts = unpack(blob)
        return cls(Terms.unpacked(arrays), SentimentLayer(arrays["coefficients"], arrays["intercepts"]))


def beside(readings: FloatArray, weights: Any) -> Any:
    """What BERT reads, then the weights of the words, as one sparse matrix."""
    from scipy.sparse import csr_matrix, hstack

    return hstack([csr_matrix(readings), weights]).tocsr()


def bert_of(readings: pa.Table) -> str:
    """The digest of the BERT that read all texts, empty where there are none.

    Args:
        readings: rows of ``score_feedback_texts``.
    """
    return str(max(pc.unique(readings["bert_digest"]).to_pylist(), default=""))


def readable(readings: pa.Table) -> pa.Table:
    """The texts of whose words BERT knows enough, by text.

    Args:
        readings: rows of ``score_feedback_texts``.
    """
    known = readings.filter(pc.less_equal(readings["unknown_share"], MAX_UNKNOWN_SHARE))
    return known.sort_by("feedback_text")


def vectors(readings: pa.Table) -> FloatArray:
    """What BERT read, shape (texts, width)."""
    return vector_matrix(readings["embedding"]).astype(np.float64)
