"""Uplift of the customers as they are now, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from upswing.customers.customer_snapshots import CustomerSnapshots
from upswing.customers.score_reasons import FACTORS, Number, Weeks, reasons_of
from upswing.marketing.uplift_predictor import UpliftPredictor
from upswing.reasons.codes import Reason, to_json
from upswing.reasons.words import worded

Transform = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]

DECIMALS = 6
REVENUE_DECIMALS = 2
LEAST_EFFECT = 0.001
THE_AVERAGE = (Reason("average_effect", {}),)

UPLIFT_SCHEMA = pa.schema(
    [
        pa.field("customer_id", pa.string()),
        pa.field("uplift", pa.float64()),
        pa.field("uplift_revenue", pa.float64()),
        pa.field("response_probability", pa.float64()),
        pa.field("base_probability", pa.float64()),
        pa.field("uplift_reasons", pa.string()),
        pa.field("uplift_reason_codes", pa.string()),
        pa.field("learner", pa.string()),
        pa.field("model_version", pa.string()),
    ]
)


def uplift_scorer(fit: dict[str, Any] | None, weeks: Weeks) -> Transform:
    """From batches of current ``int_customer_snapshots`` to :data:`UPLIFT_SCHEMA`; without a fit, no row.

    Args:
        fit: the newest row of ``fit_uplift_predictor``, or None.
        weeks: windows that the reasons name.
    """
    if fit is None:
        return lambda _batches: iter(())
    predictor = UpliftPredictor.from_bytes(fit["weights"])

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield _scored(predictor, batch, weeks, fit["model_version"])

    return score


def uplift_reasons(predictor: UpliftPredictor, snapshots: CustomerSnapshots, weeks: Weeks) -> list[tuple[Reason, ...]]:
    """The up to three things that move each customer's uplift most away from the average effect of the experiments.

    Each is set to the customer's own usual, or to the median of the experiments. Nobody knows beforehand whom an offer
    moves more, so that no direction is expected of any.
    """
    if predictor.learner is None:
        return [THE_AVERAGE] * len(snapshots)
    is_raised = predictor.effects(snapshots.matrix(predictor.features)) >= predictor.average
    typical = dict(zip(predictor.features, predictor.typical.tolist(), strict=True))
    undirected = [0] * len(FACTORS)
    uplift = Number(predictor.effects, predictor.features, typical, predictor.average, undirected, LEAST_EFFECT)
    return reasons_of(uplift, snapshots, weeks, is_raised)


def _scored(predictor: UpliftPredictor, batch: pa.RecordBatch, weeks: Weeks, model_version: str) -> pa.RecordBatch:
    snapshots = CustomerSnapshots.from_arrow(batch)
    values = snapshots.matrix(predictor.features)
    effects = predictor.effects(values)
    base = np.round(predictor.base_probabilities(values, effects), DECIMALS)
    response = np.clip(np.round(base + effects, DECIMALS), 0.0, 1.0)
    uplift = np.round(response - base, DECIMALS) + 0.0
    revenue = np.round(uplift * predictor.conversion_revenue(values), REVENUE_DECIMALS) + 0.0
    reasons = uplift_reasons(predictor, snapshots, weeks)
    columns = [
        batch.column("customer_id").cast(pa.string()),
        *(pa.array(column) for column in (uplift, revenue, response, base)),
        pa.array([worded(found) for found in reasons], type=pa.string()),
        pa.array([to_json(found) for found in reasons], type=pa.string()),
        *(pa.array([text] * len(snapshots), type=pa.string()) for text in (predictor.learner_name, model_version)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=UPLIFT_SCHEMA)
