"""Texts that are put alike stand on one side of a split: a phrase that trained the classifier does not test it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

TRIPLE = 3


def alike_groups(texts: Sequence[str], share: float) -> NDArray[np.int64]:
    """Group of each text, named by the place of its leader: the shortest text that it holds most of.

    The shortest texts come first; each that holds less than ``share`` of the letter triples of every leader so far
    leads a group. A longer text that holds enough of several joins the one it holds most of, ties to the earlier
    leader: of what else it holds something may stand on the other side.

    Args:
        texts: distinct.
        share: above 0 up to 1.

    Returns:
        Shape (texts,); the same groups for the same texts in any order.
    """
    if not texts:
        return np.zeros(0, dtype=np.int64)
    triples, sizes = _triples(texts)
    order = np.array(sorted(range(len(texts)), key=lambda row: (len(texts[row]), texts[row])), dtype=np.int64)
    held, leader = np.zeros(len(texts)), np.full(len(texts), -1, dtype=np.int64)
    columns = triples.tocsc()
    for row in order.tolist():
        if leader[row] >= 0:
            continue
        of_leader = triples.indices[triples.indptr[row] : triples.indptr[row + 1]]
        found = np.asarray(columns[:, of_leader].sum(axis=1)).ravel() / max(sizes[row], 1)
        found[row] = 1.0
        joins = (np.round(found, 9) >= share) & (found > held) & (leader != np.arange(len(texts)))
        leader[joins], held[joins] = row, found[joins]
    return leader


def _triples(texts: Sequence[str]) -> tuple[Any, NDArray[np.int64]]:
    """Which letter triples each text holds, as a sparse matrix of 0 and 1, and how many."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer="char_wb", ngram_range=(TRIPLE, TRIPLE), binary=True, dtype=np.float32)
    matrix = counter.fit_transform(texts).tocsr()
    return matrix, np.asarray(matrix.getnnz(axis=1), dtype=np.int64)
