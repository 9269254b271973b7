"""Words and pairs of words of texts, weighed by rarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.shared_terms import shared_terms
from upswing.tensors import pack_texts, unpack_texts

WORDS = r"(?u)[\u3400-\u9fff]|[^\W\u3400-\u9fff]+"
"""A Chinese character counts as a word."""


@dataclass(frozen=True)
class Terms:
    """What texts are told apart by; the weights of a text are of length 1 (TF-IDF, as scikit-learn has it).

    Attributes:
        terms: words and pairs of words, sorted.
        rarity: inverse document frequency of each, shape (terms,).
    """

    terms: tuple[str, ...]
    rarity: NDArray[np.float64]

    @classmethod
    def of(cls, texts: Sequence[str], writers: Sequence[Sequence[str]], least_writers: int) -> Terms:
        """Those that enough customers wrote; none where the texts share no such word.

        Args:
            texts: in lower case.
            writers: of each text; where there are more than ``least_writers``, so many of them are enough.
            least_writers: distinct customers who wrote a word at least.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(**SETTINGS)
        try:
            weights = vectorizer.fit_transform(texts)
        except ValueError:
            return cls((), np.zeros(0))
        found = vectorizer.get_feature_names_out().tolist()
        rows = np.repeat(np.arange(len(texts)), [len(names) for names in writers])
        kept = shared_terms(found, weights, rows, [name for names in writers for name in names], least_writers)
        rarity = np.asarray(vectorizer.idf_[kept], dtype=np.float64)
        return cls(tuple(found[place] for place in kept), rarity)

    def weights(self, texts: Sequence[str]) -> Any:
        """Sparse matrix of shape (texts, terms)."""
        from scipy.sparse import csr_matrix

        if not self.terms:
            return csr_matrix((len(texts), 0), dtype=np.float64)
        return self._vectorizer.transform(texts).tocsr()

    def packed(self) -> dict[str, NDArray[Any]]:
        """Its arrays by name."""
        return {"terms": pack_texts(self.terms), "rarity": self.rarity}

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]]) -> Terms:
        """What :meth:`packed` gave."""
        return cls(tuple(unpack_texts(arrays["terms"])) if len(arrays["rarity"]) else (), arrays["rarity"])

    @cached_property
    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(vocabulary=list(self.terms), **SETTINGS)
        vectorizer.idf_ = self.rarity
        return vectorizer


SETTINGS: dict[str, Any] = {"ngram_range": (1, 2), "sublinear_tf": True, "token_pattern": WORDS}
