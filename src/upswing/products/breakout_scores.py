"""Scores of the products now in their cycle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from upswing.products.breakout_classifier import BreakoutClassifier
from upswing.products.breakout_reasons import breakout_reasons
from upswing.products.launch_windows import LaunchWindows
from upswing.reasons.codes import to_json
from upswing.reasons.words import worded
from upswing.torch_session import torch_session

BATCH_ROWS = 50_000
DECIMALS = 5

SCORE_SCHEMA = pa.schema(
    [
        pa.field("product_id", pa.string()),
        pa.field("breakout_probability", pa.float64()),
        pa.field("later_breakout_probability", pa.float64()),
        pa.field("is_breakout", pa.bool_()),
        pa.field("top_reasons", pa.string()),
        pa.field("top_reason_codes", pa.string()),
        pa.field("model_version", pa.string()),
    ]
)


def score_breakouts(fit: dict[str, Any] | None, windows: pa.Table, threshold: float) -> pa.Table:
    """Scores, of :data:`SCORE_SCHEMA`, of all rows of ``int_launch_windows`` that are in their cycle.

    Raises:
        ValueError: see :func:`breakout_scorer`.
    """
    batches = windows.to_batches(max_chunksize=BATCH_ROWS)
    return pa.Table.from_batches(breakout_scorer(fit, threshold)(iter(batches)), schema=SCORE_SCHEMA)


def breakout_scorer(
    fit: dict[str, Any] | None, threshold: float
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """From batches of ``int_launch_windows`` to batches of :data:`SCORE_SCHEMA`; without a fit, nothing is scored.

    Reasons are given where the probability reaches half the threshold: nobody acts on the rest, and they cost most of
    the time.

    Args:
        fit: the newest row of ``fit_breakout_classifier``, or None.
        threshold: probability from which a product is called a breakout product, above 0 and below 1.

    Raises:
        ValueError: a threshold outside these bounds.
    """
    if not 0 < threshold < 1:
        raise ValueError(f"var breakout_probability_threshold is {threshold}; expected a probability between 0 and 1")
    if fit is None:
        return lambda _batches: iter(())
    classifier = BreakoutClassifier.from_bytes(fit["weights"])

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                with torch_session():
                    scored = _score_batch(classifier, batch.sort_by("product_id"), threshold, fit["model_version"])
                yield scored

    return score


def _score_batch(
    classifier: BreakoutClassifier, batch: pa.RecordBatch, threshold: float, model_version: str
) -> pa.RecordBatch:
    windows = LaunchWindows.from_arrow(batch)
    # The last digits of single precision depend on where in a batch a row stands.
    probabilities = np.round(classifier.probabilities(windows), DECIMALS)
    breakout = probabilities[:, 0]
    acted_on = np.flatnonzero(breakout >= threshold / 2)
    reasons = dict(zip(acted_on.tolist(), breakout_reasons(classifier, windows[acted_on], threshold), strict=True))
    found = [reasons.get(row) for row in range(len(windows))]
    columns = [
        batch.column("product_id").cast(pa.string()),
        pa.array(breakout),
        pa.array(probabilities[:, 1]),
        pa.array(breakout >= threshold),
        pa.array([reasons and worded(reasons) for reasons in found], type=pa.string()),
        pa.array([reasons and to_json(reasons) for reasons in found], type=pa.string()),
        pa.array([model_version] * len(windows)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCORE_SCHEMA)
