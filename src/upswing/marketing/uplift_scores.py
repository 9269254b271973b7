"""Uplift of the customers as they are now, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.customers.customer_snapshots import CustomerSnapshots
from upswing.customers.score_reasons import THEMES, Weeks, strongest_reasons
from upswing.marketing.uplift_predictor import UpliftPredictor

FloatArray = NDArray[np.float64]
Transform = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]

DECIMALS = 6
REVENUE_DECIMALS = 2
LEAST_EFFECT = 0.001
THE_AVERAGE = "the average effect of the experiments: no difference between customers was confirmed"
TYPICAL = "no single thing moves it by a tenth of a point"

UPLIFT_SCHEMA = pa.schema(
    [
        pa.field("customer_id", pa.string()),
        pa.field("uplift", pa.float64()),
        pa.field("uplift_revenue", pa.float64()),
        pa.field("response_probability", pa.float64()),
        pa.field("base_probability", pa.float64()),
        pa.field("uplift_reasons", pa.string()),
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


def uplift_reasons(predictor: UpliftPredictor, snapshots: CustomerSnapshots, weeks: Weeks) -> list[str]:
    """The up to three things that move each customer's uplift most, in words, with their effect in points.

    The effect of a theme is how far the uplift falls or rises where its features are those of a typical customer
    (their medians in the experiments) and all else stays.
    """
    if predictor.learner is None:
        return [THE_AVERAGE] * len(snapshots)
    values = snapshots.matrix(predictor.features)
    said = predictor.effects(values)
    moved = np.zeros((len(snapshots), len(THEMES)))
    for number, theme in enumerate(THEMES):
        places = [predictor.features.index(name) for name in theme.features if name in predictor.features]
        typical = values.copy()
        typical[:, places] = predictor.typical[places]
        moved[:, number] = np.round(said - predictor.effects(typical), DECIMALS)
    return strongest_reasons(snapshots, moved, weeks, LEAST_EFFECT, _points, TYPICAL)


def _points(effect: float) -> str:
    return f"{100 * effect:.1f} points"


def _scored(predictor: UpliftPredictor, batch: pa.RecordBatch, weeks: Weeks, model_version: str) -> pa.RecordBatch:
    snapshots = CustomerSnapshots.from_arrow(batch)
    values = snapshots.matrix(predictor.features)
    effects = predictor.effects(values)
    base = np.round(predictor.base_probabilities(values, effects), DECIMALS)
    response = np.clip(np.round(base + effects, DECIMALS), 0.0, 1.0)
    uplift = np.round(response - base, DECIMALS) + 0.0
    revenue = np.round(uplift * predictor.conversion_revenue(values), REVENUE_DECIMALS) + 0.0
    columns = [
        batch.column("customer_id").cast(pa.string()),
        *(pa.array(column) for column in (uplift, revenue, response, base)),
        pa.array(uplift_reasons(predictor, snapshots, weeks), type=pa.string()),
        *(pa.array([text] * len(snapshots), type=pa.string()) for text in (predictor.learner_name, model_version)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=UPLIFT_SCHEMA)
