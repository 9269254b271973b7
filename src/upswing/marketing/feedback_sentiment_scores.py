"""What each text says of how content its writer is."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

from upswing.marketing.feedback_sentiment import CLASSES, SentimentClassifier, bert_of, readable, vectors
from upswing.user_errors import UserError

SENTIMENT_SCHEMA = pa.schema(
    [
        pa.field("feedback_text", pa.string()),
        pa.field("sentiment", pa.float64()),
        pa.field("good_probability", pa.float64()),
        pa.field("bad_probability", pa.float64()),
        pa.field("model_version", pa.string()),
    ]
)

DECIMALS = 6


def score_sentiments(fit: dict[str, Any] | None, readings: pa.Table) -> pa.Table:
    """Rows of :data:`SENTIMENT_SCHEMA`, one a text in order.

    Args:
        fit: the newest row of ``fit_sentiment_classifier``, or None: no text is read.
        readings: rows of ``score_feedback_texts``. A text of whose words BERT knows too few is not read.

    Raises:
        UserError: another BERT read the texts than the one that the fit learned from.
    """
    texts = readings.select(["feedback_text"]).sort_by("feedback_text")["feedback_text"].combine_chunks()
    good, bad = np.full(len(texts), np.nan), np.full(len(texts), np.nan)
    known = readable(readings)
    if fit is not None and known.num_rows:
        classifier, read = SentimentClassifier.from_bytes(fit["weights"]), vectors(known)
        learned_from = json.loads(fit["parameters"])["bert_digest"]
        if learned_from != bert_of(readings):
            raise UserError(
                f"the sentiment classifier {fit['model_version']} learned from what another BERT read "
                f"({learned_from[:8]}, now {bert_of(readings)[:8]}); build with the var refit: auto or always"
            )
        place = {text: row for row, text in enumerate(texts.to_pylist())}
        rows = np.array([place[text] for text in known["feedback_text"].to_pylist()], dtype=np.int64)
        found = np.round(classifier.probabilities(known["feedback_text"].to_pylist(), read), DECIMALS)
        good[rows], bad[rows] = found[:, CLASSES.index("good")], found[:, CLASSES.index("bad")]
    version = fit["model_version"] if fit is not None else None
    columns = [
        texts.cast(pa.string()),
        *(pa.array(values, from_pandas=True) for values in (np.round(good - bad, DECIMALS) + 0, good, bad)),
        pa.array([version] * len(texts), pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=SENTIMENT_SCHEMA)
