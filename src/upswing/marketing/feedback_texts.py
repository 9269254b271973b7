"""What BERT reads in what customers write: one vector a distinct text, read once.

Source: personalization article, feedback: what customers answer goes back into what they are offered.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from upswing.bert import Bert, Progress
from upswing.customers.product_features_texts import TEXT_SCHEMA, score_texts

FEEDBACK_TEXT_SCHEMA = pa.schema([TEXT_SCHEMA.field(0).with_name("feedback_text"), *list(TEXT_SCHEMA)[1:]])


def score_feedback_texts(
    text_rows: pa.Table,
    standing: pa.Table | None,
    bert: Bert,
    new_progress: Callable[[], Progress] = lambda: lambda _done, _all: None,
) -> pa.Table:
    """Rows of :data:`FEEDBACK_TEXT_SCHEMA`, one a text in order; only texts that this BERT has not read yet are read.

    Args:
        text_rows: rows of ``int_feedback_texts``.
        standing: rows of :data:`FEEDBACK_TEXT_SCHEMA` from the build before, None where there are none.
        bert: pretrained, as it is.
        new_progress: makes the callback, once there is something to read.
    """
    texts = text_rows.select(["feedback_text"]).rename_columns(["product_text"])
    kept = standing.rename_columns(TEXT_SCHEMA.names) if standing is not None else None
    return score_texts(texts, kept, bert, new_progress).rename_columns(FEEDBACK_TEXT_SCHEMA.names)
