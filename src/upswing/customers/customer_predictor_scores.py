"""Scores of the customers as they are now, and of the categories they buy of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from upswing.customers.customer_predictor import CustomerPredictor
from upswing.customers.customer_snapshots import CustomerSnapshots
from upswing.customers.score_reasons import Weeks, probability_reasons
from upswing.reasons.codes import to_json
from upswing.reasons.words import worded

DECIMALS = 6
SPEND_DECIMALS = 2

SCORE_SCHEMA = pa.schema(
    [
        pa.field("customer_id", pa.string()),
        pa.field("churn_probability", pa.float64()),
        pa.field("usual_churn_probability", pa.float64()),
        pa.field("purchase_probability", pa.float64()),
        pa.field("expected_spend", pa.float64()),
        pa.field("churn_reasons", pa.string()),
        pa.field("churn_reason_codes", pa.string()),
        pa.field("purchase_reasons", pa.string()),
        pa.field("purchase_reason_codes", pa.string()),
        pa.field("model_version", pa.string()),
    ]
)

CATEGORY_SCHEMA = pa.schema(
    [
        pa.field("customer_id", pa.string()),
        pa.field("category", pa.string()),
        pa.field("category_rank", pa.int64()),
        pa.field("category_purchase_probability", pa.float64()),
        pa.field("model_version", pa.string()),
    ]
)

Transform = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def customer_scorer(fit: dict[str, Any] | None, weeks: Weeks) -> Transform:
    """From batches of current ``int_customer_snapshots`` to :data:`SCORE_SCHEMA`; without a fit, no row.

    A customer who is not active has no churn probability and no reason for one: they have gone already.

    Args:
        fit: the newest row of ``fit_customer_predictor``, or None.
        weeks: windows that the reasons name.
    """
    if fit is None:
        return lambda _batches: iter(())
    predictor = CustomerPredictor.from_bytes(fit["weights"])

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield _score_customers(predictor, batch, weeks, fit["model_version"])

    return score


def category_scorer(fit: dict[str, Any] | None) -> Transform:
    """From batches of current ``int_customer_category_snapshots`` to :data:`CATEGORY_SCHEMA`; without a fit, or where
    it had too little history of categories, no row.

    Args:
        fit: the newest row of ``fit_customer_predictor``, or None.
    """
    intent = CustomerPredictor.from_bytes(fit["weights"]).category if fit is not None else None
    if fit is None or intent is None:
        return lambda _batches: iter(())

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                probabilities = intent.probabilities(pa.Table.from_batches([batch]))
                columns = [
                    *(batch.column(name) for name in ("customer_id", "category", "category_rank")),
                    pa.array(np.round(probabilities, DECIMALS)),
                    pa.array([fit["model_version"]] * batch.num_rows),
                ]
                types = (field.type for field in CATEGORY_SCHEMA)
                cast = [column.cast(kind) for column, kind in zip(columns, types, strict=True)]
                yield pa.RecordBatch.from_arrays(cast, schema=CATEGORY_SCHEMA)

    return score


def _score_customers(
    predictor: CustomerPredictor, batch: pa.RecordBatch, weeks: Weeks, model_version: str
) -> pa.RecordBatch:
    snapshots = CustomerSnapshots.from_arrow(batch)
    active = snapshots.is_active
    features = predictor.features
    of_active = iter(
        probability_reasons(predictor.churn, features, predictor.typical_churn, snapshots[active], weeks, 1)
    )
    churn_reasons = [next(of_active) if is_active else None for is_active in active]
    purchase_reasons = probability_reasons(
        predictor.purchase, features, predictor.typical_purchase, snapshots, weeks, -1
    )
    has_usual = active & (not predictor.churn.is_base_rate)
    churn = np.round(predictor.churn_probabilities(snapshots), DECIMALS)
    columns = [
        batch.column("customer_id").cast(pa.string()),
        pa.array(churn, from_pandas=True),
        pa.array(np.where(has_usual, round(predictor.typical_churn.share, DECIMALS), np.nan), from_pandas=True),
        pa.array(np.round(predictor.purchase_probabilities(snapshots), DECIMALS)),
        pa.array(np.round(predictor.expected_spend(snapshots), SPEND_DECIMALS)),
        pa.array([found and worded(found) for found in churn_reasons], type=pa.string()),
        pa.array([found and to_json(found) for found in churn_reasons], type=pa.string()),
        pa.array([worded(found) for found in purchase_reasons], type=pa.string()),
        pa.array([to_json(found) for found in purchase_reasons], type=pa.string()),
        pa.array([model_version] * len(snapshots)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCORE_SCHEMA)
