"""Which words several customers use on one thing, more than on others."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict

import pyarrow as pa

WORD_SCHEMA = pa.schema(
    [
        pa.field("subject_kind", pa.string()),
        pa.field("subject_id", pa.string()),
        pa.field("top_words", pa.string()),
    ]
)

MOST_WORDS = 5
MIN_ANSWERS = 2
"""A word of one customer alone is not repeated: it may be what tells who wrote it."""

WORDS_OF_ALL_TEXTS = frozenset(
    {"and", "any", "are", "been", "but", "for", "from", "had", "has", "have", "her", "him", "his", "its", "just", "our"}
    | {"out", "she", "than", "that", "the", "them", "then", "there", "they", "this", "too", "very", "was", "way"}
    | {"were", "what", "when", "which", "who", "will", "with", "would", "you", "your"}
)
"""English words that say nothing of a thing."""

WORD = re.compile(r"[^\W\d_]{3,}")


def score_words(answers: pa.Table) -> pa.Table:
    """Rows of :data:`WORD_SCHEMA`, one a thing of which at least two counted answers share a word, by kind and id.

    A word's weight is the number of answers on the thing that hold it, times log(answers / answers that hold it) over
    all things of the kind (TF-IDF over answers; Spärck Jones 1972): a word that all answers hold says nothing. Ties go
    to the earlier word of the alphabet.

    Args:
        answers: rows of ``score_feedback_answers``.
    """
    columns = ("subject_kind", "subject_id", "feedback_text", "is_counted")
    told: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    everywhere: dict[str, Counter[str]] = defaultdict(Counter)
    all_answers: Counter[str] = Counter()
    for kind, subject, text, is_counted in zip(*(answers[name].to_pylist() for name in columns), strict=True):
        if not is_counted or text is None:
            continue
        words = set(WORD.findall(text.lower())) - WORDS_OF_ALL_TEXTS
        told[kind, subject].update(words)
        everywhere[kind].update(words)
        all_answers[kind] += 1
    rows = []
    for kind, subject in sorted(told):
        weights = {
            word: round(count * math.log(all_answers[kind] / everywhere[kind][word]), 9)
            for word, count in told[kind, subject].items()
            if count >= MIN_ANSWERS
        }
        top = sorted((word for word in weights if weights[word] > 0), key=lambda word: (-weights[word], word))
        if top:
            rows.append({"subject_kind": kind, "subject_id": subject, "top_words": ", ".join(top[:MOST_WORDS])})
    return pa.Table.from_pylist(rows, schema=WORD_SCHEMA)
