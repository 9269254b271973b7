"""The segment of each customer, now and one snapshot ago."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from upswing.customers.segment_features import DECIMALS, FloatArray, SnapshotFeatures, snapshots_of
from upswing.customers.segment_model import NOT_BOUGHT, SegmentModel, earlier_model
from upswing.customers.segment_names import name_rules, segment_names, segment_traits
from upswing.one_thread import hold_one_thread
from upswing.user_errors import UserError

SEGMENT_SCHEMA = pa.schema(
    [
        pa.field("customer_id", pa.string()),
        pa.field("segment_number", pa.int64()),
        pa.field("segment_name", pa.string()),
        pa.field("segment_kind", pa.string()),
        pa.field("centroid_distance", pa.float64()),
        pa.field("next_centroid_distance", pa.float64()),
        pa.field("segment_margin", pa.float64()),
        pa.field("is_outlier", pa.bool_()),
        pa.field("outlier_score", pa.float64()),
        pa.field("previous_segment_number", pa.int64()),
        pa.field("previous_segment_name", pa.string()),
        pa.field("model_version", pa.string()),
    ]
)


def score_segments(fit: dict[str, Any] | None, rows: pa.Table, names: pa.Table, traits: pa.Table) -> pa.Table:
    """One row of :data:`SEGMENT_SCHEMA` for each customer of the current snapshot; none without a fit.

    Who never bought is in segment 0, without distances. Who is an outlier is seen among the customers of the snapshot:
    the fit keeps no customer to compare with. The previous segment is what the same model says of the
    customer in the snapshot before; null where the customer was not known then.

    Args:
        fit: the newest row of ``fit_customer_segments``, or None.
        rows: of ``int_customer_snapshots``: the current snapshot and the one before; what is older is left alone.
        names: the seed ``segment_names``.
        traits: the seed ``segment_traits``.

    Raises:
        UserError: a row of a seed cannot be used, or the fit knows other features.
    """
    rules, words = name_rules(names), segment_traits(traits)
    if fit is None or not rows.num_rows:
        return SEGMENT_SCHEMA.empty_table()
    model = earlier_model(fit["weights"])
    if model is None:
        raise UserError(
            "the newest fit of the customer segments knows customers by other features than this version of upswing; "
            "fit anew: dbt build --vars '{refit: always}'"
        )
    named = segment_names(model, rules, words)
    now, *before = snapshots_of(rows, model.cap_days)
    numbers, nearest = _segments(model, now)
    is_outlier = np.zeros(len(now), dtype=np.bool_)
    outlier_score = np.full(len(now), np.nan)
    import sklearn.cluster  # noqa: F401 (loaded before threads are held)

    hold_one_thread()
    is_outlier[now.has_bought], outlier_score[now.has_bought] = model.outliers(now[now.has_bought])
    previous = {}
    if before:
        previous = dict(zip(before[0].customer_ids, _segments(model, before[0])[0].tolist(), strict=True))
    earlier = [previous.get(customer) for customer in now.customer_ids]
    columns = {
        "customer_id": now.customer_ids.tolist(),
        "segment_number": numbers,
        "segment_name": [named[number].name for number in numbers.tolist()],
        "segment_kind": [named[number].kind for number in numbers.tolist()],
        "centroid_distance": _known(nearest[:, 0]),
        "next_centroid_distance": _known(nearest[:, 1]),
        "segment_margin": _known(margin(nearest)),
        "is_outlier": is_outlier,
        "outlier_score": _known(outlier_score),
        "previous_segment_number": earlier,
        "previous_segment_name": [None if number is None else named[number].name for number in earlier],
        "model_version": [fit["model_version"]] * len(now),
    }
    return pa.table([pa.array(columns[field.name], field.type) for field in SEGMENT_SCHEMA], schema=SEGMENT_SCHEMA)


def margin(nearest: FloatArray) -> FloatArray:
    """How clearly a customer belongs to the segment: 0 on the border to the next one, 1 in its centre.

    Args:
        nearest: distances to the own and the next nearest centroid, shape (customers, 2).
    """
    further = np.where(nearest[:, 1] > 0, nearest[:, 1], 1.0)
    found = np.where(nearest[:, 1] > 0, 1 - nearest[:, 0] / further, nearest[:, 1])
    return np.round(found, DECIMALS).astype(np.float64)


def _segments(
    model: SegmentModel, customers: SnapshotFeatures
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], FloatArray]:
    """Segment number, and distances to the own and the next nearest centroid, NaN for who never bought."""
    numbers = np.full(len(customers), NOT_BOUGHT, dtype=np.int64)
    nearest = np.full((len(customers), 2), np.nan)
    distances = model.distances(customers.values[customers.has_bought])
    numbers[customers.has_bought] = model.numbers[distances.argmin(axis=1)]
    nearest[customers.has_bought] = np.sort(distances, axis=1)[:, :2]
    return numbers, nearest


def _known(values: FloatArray) -> pa.Array:
    return pa.array(values, from_pandas=True)
