"""Words and pairs of words of all records of an opportunity, weighed by rarity, in a logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from upswing.fits import NotEnoughHistory
from upswing.opportunities.opportunity_texts import OpportunityTexts, runs
from upswing.opportunities.penalised_regression import fit_penalised
from upswing.shared_terms import LEAST_SUBJECTS, proper_names, shared_terms
from upswing.tensors import pack_texts, unpack_texts

FloatArray = NDArray[np.float64]

WORDS = r"(?u)[\u3400-\u9fff]|[^\W\u3400-\u9fff]+"
"""A Chinese character counts as a word."""
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


@dataclass(frozen=True)
class WordModel:
    """A trained model.

    Attributes:
        terms: words and pairs of words, none of them of a few customers alone, and no names.
        rarity: inverse document frequency of each term.
        coefficients: of each term.
        intercept: log-odds of an opportunity without a known term.
    """

    terms: tuple[str, ...]
    rarity: FloatArray
    coefficients: FloatArray
    intercept: float

    @classmethod
    def fit(cls, texts: OpportunityTexts, least_subjects: int = LEAST_SUBJECTS) -> WordModel:
        """Fit on the opportunities' whole records; the penalty is chosen by cross-validation among :data:`STRENGTHS`.

        Args:
            texts: closed opportunities with at least one visit.
            least_subjects: a term stands in the records of at least so many customers.

        Raises:
            NotEnoughHistory: the records have hardly a word in common.
        """
        documents, vectorizer = visit_documents(texts), _vectorizer(None)
        try:
            counts = vectorizer.fit_transform(documents)
        except ValueError:
            raise NotEnoughHistory("the visit records hold no word") from None
        found = vectorizer.get_feature_names_out().tolist()
        of_visits = texts.subjects[texts.opportunity_of_visit]
        kept = shared_terms(
            found, counts, np.arange(len(documents)), of_visits, least_subjects, proper_names(documents)
        )
        if not len(kept):
            raise NotEnoughHistory(f"no word stands in the visit records of {least_subjects} customers")
        counted = _after_last(texts) @ counts[:, kept]
        terms = tuple(found[place] for place in kept)
        transformer = TfidfTransformer(sublinear_tf=True).fit(counted)
        weighed = transformer.transform(counted)
        fitted = fit_penalised(weighed, texts.is_won, texts.opportunity_ids, STRENGTHS, "words")
        return cls(terms, np.asarray(transformer.idf_), fitted.coef_[0], float(fitted.intercept_[0]))

    def log_odds(self, texts: OpportunityTexts) -> FloatArray:
        """After each visit, shape (visits,)."""
        return self._scored(_after_each(texts) @ self._counts(texts))

    def log_odds_without(self, texts: OpportunityTexts) -> FloatArray:
        """After the last visit, had that one visit not been recorded, for each visit; shape (visits,)."""
        counts = self._counts(texts)
        return self._scored(_after_last(texts)[texts.opportunity_of_visit] @ counts - counts)

    def packed(self) -> dict[str, NDArray[Any]]:
        """Its arrays by name."""
        return {
            "words.terms": pack_texts(self.terms),
            "words.rarity": self.rarity,
            "words.coefficients": self.coefficients,
            "words.intercept": np.array([self.intercept]),
        }

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]]) -> WordModel:
        """What :meth:`packed` gave."""
        terms = tuple(unpack_texts(arrays["words.terms"]))
        intercept = float(arrays["words.intercept"][0])
        return cls(terms, arrays["words.rarity"], arrays["words.coefficients"], intercept)

    @cached_property
    def _known_terms(self) -> CountVectorizer:
        return _vectorizer(self.terms)

    def _counts(self, texts: OpportunityTexts) -> sparse.csr_matrix:
        return self._known_terms.transform(visit_documents(texts))

    def _scored(self, counted: sparse.csr_matrix) -> FloatArray:
        transformer = TfidfTransformer(sublinear_tf=True)
        transformer.idf_ = self.rarity
        counted = counted.tocsr().astype(np.float64)
        return np.asarray(transformer.transform(counted) @ self.coefficients + self.intercept)


def visit_documents(texts: OpportunityTexts) -> list[str]:
    """Note and feedback of each visit as one text, without the markers, which count and date the visits."""
    return [f"{_body(note)} {_body(said)}" for note, said in zip(texts.notes, texts.feedback, strict=True)]


def _body(text: str) -> str:
    return text.split("] ", 1)[-1]


def _vectorizer(terms: Sequence[str] | None) -> CountVectorizer:
    return CountVectorizer(ngram_range=(1, 2), token_pattern=WORDS, vocabulary=terms)


def _after_each(texts: OpportunityTexts) -> sparse.csr_matrix:
    """Which visits were made up to each visit, shape (visits, visits)."""
    numbers = texts.visit_numbers
    made = runs(texts.offsets[:-1][texts.opportunity_of_visit], numbers)
    return _ones(made, numbers, len(texts.notes))


def _after_last(texts: OpportunityTexts) -> sparse.csr_matrix:
    """Which visits were made to each opportunity, shape (opportunities, visits)."""
    return _ones(np.arange(len(texts.notes)), texts.visits, len(texts.notes))


def _ones(columns: NDArray[np.int64], lengths: NDArray[np.int64], width: int) -> sparse.csr_matrix:
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(lengths), width))
