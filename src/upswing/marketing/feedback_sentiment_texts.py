"""Texts that stars stand beside, and what BERT reads in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.marketing.feedback_sentiment import CLASSES, FloatArray, SentimentParameters, readable, vectors
from upswing.splits import lowest_hashes

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class LabelledTexts:
    """Texts that stars stand beside, by text.

    Attributes:
        texts: distinct.
        readings: what BERT read, shape (texts, width).
        counts: answers with each text and stars of each class, shape (texts, classes).
        writers: customers who wrote each text, or as many of them as a vocabulary asks for.
    """

    texts: list[str]
    readings: FloatArray
    counts: FloatArray
    writers: list[list[str]]

    @classmethod
    def of(cls, texts: pa.Table, readings: pa.Table, parameters: SentimentParameters) -> LabelledTexts:
        """Those that BERT knows the words of; a sample by hash of text where there are too many.

        Args:
            texts: rows of ``int_feedback_texts``.
            readings: rows of ``score_feedback_texts``.
            parameters: see there.
        """
        names = [f"{name}_answers" for name in CLASSES]
        stars = pc.add(pc.add(texts[names[0]], texts[names[1]]), texts[names[2]])
        labelled = texts.filter(pc.greater(stars, 0)).select(["feedback_text", "customer_ids", *names])
        # A join of Arrow's carries no lists along.
        known = readable(readings)
        known = known.filter(pc.is_in(known["feedback_text"], value_set=labelled["feedback_text"].combine_chunks()))
        labelled = labelled.filter(
            pc.is_in(labelled["feedback_text"], value_set=known["feedback_text"].combine_chunks())
        ).sort_by("feedback_text")
        kept = pa.array(lowest_hashes(known["feedback_text"].to_pylist(), parameters.most_texts, "sentiment"))
        known, labelled = known.take(kept), labelled.take(kept)
        counts = np.stack([labelled[name].to_numpy().astype(np.float64) for name in names], axis=1)
        return cls(known["feedback_text"].to_pylist(), vectors(known), counts, labelled["customer_ids"].to_pylist())

    def __len__(self) -> int:
        return len(self.texts)

    def where(self, mask: BoolArray) -> LabelledTexts:
        """Some of the texts."""
        some = np.flatnonzero(mask)
        texts, writers = [self.texts[row] for row in some.tolist()], [self.writers[row] for row in some.tolist()]
        return LabelledTexts(texts, self.readings[some], self.counts[some], writers)
