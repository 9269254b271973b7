"""Which words a model may keep: those that many people's texts have in common, and that name nobody.

A vocabulary is a part of a fit. A word that only a few customers' texts hold tells of them, and a name tells of its
bearer. So a word enters by the number of distinct customers behind the texts, as in k-anonymity, and a word that is
written with a capital letter inside sentences is taken for a name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_SUBJECTS = 5
"""What the var ``k_anonymity`` is where nothing else is said."""

SENTENCE_ENDS = frozenset(".!?:;…\n\"'“”‘’«»()[]/-–—•*#")  # noqa: RUF001 (they are looked for)
WORD = re.compile(r"[^\W\d_\u3400-\u9fff]+(?:['’][^\W\d_\u3400-\u9fff]+)*|\[\w+\]")  # noqa: RUF001
"""A word of letters, or the marker that a mask left."""

MOST_CAPITALS = 0.25
"""More of the words inside the sentences of a text have a capital letter: German, or a headline. It shows nothing."""


def check_least_subjects(name: str, least: int) -> None:
    """Refuse a number of customers that no word would have to reach.

    Args:
        name: of the parameter.
        least: its value.

    Raises:
        ValueError: it is below 1.
    """
    if least < 1:
        raise ValueError(f"{name} (var k_anonymity) is {least}; expected at least 1 customer")


def subjects_of_columns(counts: Any, rows: Sequence[int] | NDArray[np.int64], subjects: Iterable[str]) -> Any:
    """How many distinct subjects stand behind the rows in which each column of a matrix is not 0.

    Args:
        counts: sparse matrix of shape (texts, terms).
        rows: of the pairs of a text and somebody who wrote it, or of whom it tells.
        subjects: of these pairs.

    Returns:
        Shape (terms,).
    """
    from scipy.sparse import csr_matrix

    _names, places = np.unique(np.array(list(subjects), dtype=str), return_inverse=True)
    shape = (len(_names), counts.shape[0])
    tells = csr_matrix((np.ones(len(places), dtype=np.int32), (places, np.asarray(rows))), shape=shape)
    return np.asarray((tells @ (counts > 0).astype(np.int32) > 0).sum(axis=0)).ravel()


def shared_terms(
    terms: Sequence[str],
    counts: Any,
    rows: Sequence[int] | NDArray[np.int64],
    subjects: Iterable[str],
    least: int,
    names: frozenset[str] = frozenset(),
) -> NDArray[np.int64]:
    """The columns of the terms that may be kept.

    Args:
        terms: words, or words with a blank between them, by column.
        counts: sparse matrix of shape (texts, terms).
        rows, subjects: see :func:`subjects_of_columns`.
        least: subjects that share a term at least.
        names: words that no term may hold, in lower case.
    """
    shared = subjects_of_columns(counts, rows, subjects) >= least
    nameless = np.array([names.isdisjoint(term.split()) for term in terms], dtype=np.bool_)
    return np.flatnonzero(shared & nameless)


def proper_names(texts: Iterable[str]) -> frozenset[str]:
    """Words that stand inside sentences with a capital letter more often than without, in lower case.

    In English these are names: of people, firms, towns, days and months. What is written in capitals throughout (IT,
    ERP) is no name. A text in which every noun has a capital letter, and one without any, shows nothing of a word.

    Args:
        texts: as they were written.
    """
    with_capital: Counter[str] = Counter()
    without: Counter[str] = Counter()
    for text in texts:
        if text.islower():
            continue
        inside = _inside_sentences(text)
        capitals = [word.lower() for word in inside if word[0].isupper() and not word.isupper()]
        if len(capitals) > max(1.0, MOST_CAPITALS * len(inside)):
            continue
        without.update(word for word in inside if word.islower())
        with_capital.update(capitals)
    return frozenset(word for word, times in with_capital.items() if times > without[word])


def _inside_sentences(text: str) -> list[str]:
    """Words that begin no sentence and follow no mark, by whose capital letter it is seen whether they are names."""
    found = []
    end = 0
    begins = True
    for match in WORD.finditer(text):
        between = text[end : match.start()]
        begins = begins or not SENTENCE_ENDS.isdisjoint(between)
        if not begins and match[0][0] != "[":
            found.append(match[0])
        begins = False
        end = match.end()
    return found
