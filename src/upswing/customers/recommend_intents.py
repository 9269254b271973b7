"""The probability of buying of a category as it was known on a day, for the ranker to look at."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from upswing.customers.boosted_trees import BoostingParameters
from upswing.customers.category_intent import CategoryIntent, CategoryIntentParameters
from upswing.customers.recommend_batches import Intents
from upswing.fits import NotEnoughHistory

INTENT_SCHEMA = pa.schema(
    [
        pa.field("customer_id", pa.string()),
        pa.field("category", pa.string()),
        pa.field("intent_probability", pa.float64()),
    ]
)

DECIMALS = 6


BOOSTING = BoostingParameters(most_rounds=60, learning_rate=0.2, leaves=8, folds=2)
"""Quicker than what ``fit_category_intent`` serves: it is trained anew for every cut, and is one feature of many."""


def snapshot_rows(rows: pa.Table, day: date) -> pa.Table:
    """Rows of the latest snapshot on or before a day; none where there is no such.

    Args:
        rows: as ``int_customer_category_snapshots`` holds them.
        day: the day.
    """
    snapshots = pc.cast(rows["snapshot_on"], pa.date32())
    earlier = rows.filter(pc.less_equal(snapshots, pa.scalar(day, pa.date32())))
    if not earlier.num_rows:
        return earlier
    days = pc.cast(earlier["snapshot_on"], pa.date32())
    return earlier.filter(pc.equal(days, pc.max(days)))


def intent_table(model: CategoryIntent, rows: pa.Table) -> pa.Table:
    """The probability of each customer and category of ``rows``, see :data:`INTENT_SCHEMA`."""
    probabilities = pc.round(pa.array(model.probabilities(rows), type=pa.float64()), DECIMALS)
    columns = [rows["customer_id"].combine_chunks(), rows["category"].combine_chunks(), probabilities]
    return pa.table(columns, schema=INTENT_SCHEMA)


def trained_intent(rows: pa.Table, day: date, intent_days: int) -> CategoryIntent | None:
    """The model of what was known by ``day``; None where that was too little."""
    try:
        return CategoryIntent.train(rows, day, CategoryIntentParameters(intent_days, BOOSTING))
    except NotEnoughHistory:
        return None


def intents_by_day(rows: pa.Table, intent_days: int) -> Intents:
    """From a day to the probabilities that a model trained on what was known by then gives on that day."""

    def known_on(day: int) -> pa.Table | None:
        on = date(1970, 1, 1) + timedelta(days=day)
        model = trained_intent(rows, on, intent_days)
        return None if model is None else intent_table(model, snapshot_rows(rows, on))

    return known_on
