"""What came of the promises: the outcome of each claim as soon as it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CLAIM_SCHEMA = pa.schema(
    [
        pa.field("model_name", pa.string()),
        pa.field("target", pa.string()),
        pa.field("subject_id", pa.string()),
        pa.field("predicted_on", pa.date32()),
        pa.field("due_on", pa.date32()),
        pa.field("probability", pa.float64()),
        pa.field("lower", pa.float64()),
        pa.field("upper", pa.float64()),
        pa.field("model_version", pa.string()),
        pa.field("outcome", pa.float64()),
        pa.field("known_on", pa.date32()),
    ]
)

DAYS_OF_A_WEEK = 7
OFFER_DAYS = 7
"""A claim on the answer to an offer holds for the offers of so many days after it."""


@dataclass(frozen=True)
class ClaimTables:
    """What was scored and what happened, of the tables that the attributes are named after.

    Attributes:
        customer_scores: of ``score_customers``.
        uplift: of ``score_uplift``.
        conversions: of ``score_conversion_probabilities``.
        breakouts: of ``score_breakout_products``.
        surges: of ``score_surge_calendar``.
        forecasts: of ``score_sales_forecasts`` the first weeks ahead.
        sentiments: of ``score_feedback_sentiments``.
        order_days: of ``score_watched_order_days``.
        touches: of ``int_uplift_touches``.
        opportunities: of ``int_opportunity_texts``.
        windows: of ``int_launch_windows`` those in their cycle.
        histories: of ``int_launch_histories``.
        forecast_weeks: of ``int_forecast_weeks``.
        answers: of ``int_feedback_answers``.
        fitted_as_of: the day up to which each model_version learned.
    """

    customer_scores: pa.Table
    uplift: pa.Table
    conversions: pa.Table
    breakouts: pa.Table
    surges: pa.Table
    forecasts: pa.Table
    sentiments: pa.Table
    order_days: pa.Table
    touches: pa.Table
    opportunities: pa.Table
    windows: pa.Table
    histories: pa.Table
    forecast_weeks: pa.Table
    answers: pa.Table
    fitted_as_of: Mapping[str, date]


Histories = dict[bool, dict[str, float]]


def monday_of_life(launch_week: date, week_of_life: int) -> date:
    """The Monday of a week of a product's life; 1 is that of its launch."""
    return launch_week + timedelta(weeks=week_of_life - 1)


def known_outcomes(claims: pa.Table, tables: ClaimTables, as_of_date: date) -> pa.Table:
    """Claims with their outcome, where it has become known; what was known before stands.

    Args:
        claims: rows of :data:`CLAIM_SCHEMA`.
        tables: what happened.
        as_of_date: the build's clock, on which the outcome became known.
    """
    waiting = claims.filter(pc.is_null(claims["outcome"]))
    is_due = pc.less_equal(waiting["due_on"], pa.scalar(as_of_date + timedelta(days=DAYS_OF_A_WEEK)))
    launches = pc.is_in(waiting["model_name"], value_set=pa.array(["breakout_classifier", "surge_locator"]))
    # Nothing is looked up of launches whose cycle goes on.
    histories = _histories(tables) if pc.any(pc.and_(launches, is_due)).as_py() else {True: {}, False: {}}
    settled = claims.filter(pc.is_valid(claims["outcome"]))
    parts = [settled]
    kinds = waiting.group_by(["model_name", "target", "predicted_on"]).aggregate([]).to_pylist()
    for kind in kinds:
        mask = pc.and_(
            pc.equal(waiting["model_name"], kind["model_name"]),
            pc.and_(
                pc.equal(waiting["target"], kind["target"]),
                pc.equal(waiting["predicted_on"], pa.scalar(kind["predicted_on"])),
            ),
        )
        group = waiting.filter(mask)
        outcome = _outcome(kind["model_name"], kind["target"], group, tables, histories, as_of_date)
        known_on = pc.if_else(pc.is_valid(outcome), pa.scalar(as_of_date), pa.scalar(None, pa.date32()))
        group = group.set_column(CLAIM_SCHEMA.get_field_index("outcome"), CLAIM_SCHEMA.field("outcome"), outcome)
        parts.append(
            group.set_column(CLAIM_SCHEMA.get_field_index("known_on"), CLAIM_SCHEMA.field("known_on"), known_on)
        )
    return pa.concat_tables(parts)


def _outcome(
    model: str, target: str, group: pa.Table, tables: ClaimTables, histories: Histories, as_of_date: date
) -> pa.Array:
    """Outcomes of claims of one kind and one day, null where not known yet, shape (rows,)."""
    predicted_on = group["predicted_on"][0].as_py()
    if model == "customer_predictor":
        due_on = group["due_on"][0].as_py()
        if due_on > as_of_date:
            return pa.nulls(group.num_rows, pa.float64())
        bought = _bought(group, tables, predicted_on, due_on)
        return (pc.invert(bought) if target == "churn" else bought).cast(pa.float64())
    if model == "sales_forecaster":
        return _within(group, tables)
    if model == "uplift_predictor":
        happened = _answers(tables, target == "answer_to_offer", predicted_on)
    elif model == "conversion_classifier":
        happened = _closed(tables, predicted_on)
    else:
        happened = histories[target == "breakout"]
    found = [happened.get(subject) for subject in group["subject_id"].to_pylist()]
    return pa.array(found, pa.float64())


def _bought(group: pa.Table, tables: ClaimTables, after: date, until: date) -> pa.Array:
    days = tables.order_days["ordered_on"]
    in_window = pc.and_(pc.greater(days, pa.scalar(after)), pc.less_equal(days, pa.scalar(until)))
    buyers = pc.unique(tables.order_days.filter(in_window)["customer_id"])
    return pc.is_in(group["subject_id"].combine_chunks(), value_set=buyers)


def _answers(tables: ClaimTables, is_treated: bool, predicted_on: date) -> dict[str, float]:
    """Whether who was offered something, or held out, in the days after a prediction answered the first time."""
    touches = tables.touches
    touched_on = touches["touched_on"]
    mask = pc.and_(pc.greater(touched_on, pa.scalar(predicted_on)), pc.equal(touches["is_treated"], is_treated))
    mask = pc.and_(mask, pc.less_equal(touched_on, pa.scalar(predicted_on + timedelta(days=OFFER_DAYS))))
    rows = touches.filter(mask).sort_by([("touched_on", "descending"), ("campaign_id", "descending")])
    return dict(zip(rows["customer_id"].to_pylist(), rows["is_converted"].cast(pa.float64()).to_pylist(), strict=True))


def _closed(tables: ClaimTables, predicted_on: date) -> dict[str, float]:
    """Whether the deals that closed after a prediction were won."""
    texts = tables.opportunities
    mask = pc.and_(pc.is_in(texts["status"], value_set=pa.array(["won", "lost"])), pc.is_valid(texts["closed_at"]))
    rows = texts.filter(mask)
    rows = rows.filter(pc.greater(rows["closed_at"].cast(pa.date32()), pa.scalar(predicted_on)))
    won = pc.equal(rows["status"], "won").cast(pa.float64()).to_pylist()
    return dict(zip(rows["opportunity_id"].to_pylist(), won, strict=True))


def _histories(tables: ClaimTables) -> Histories:
    """Under True whether each product that ended its cycle broke out, under False whether its later weeks surged."""
    breakouts: dict[str, float] = {}
    surges: dict[str, float] = {}
    rows = tables.histories.select(["product_id", "is_breakout", "natural_units", "surges"]).to_pylist()
    for row in rows:
        breakouts[row["product_id"]] = float(row["is_breakout"])
        launch_weeks = len(row["natural_units"])
        for place, surge in enumerate(row["surges"] or []):
            if surge is not None and not np.isnan(surge):
                surges[surge_subject(row["product_id"], launch_weeks + place + 1)] = float(surge)
    return {True: breakouts, False: surges}


def surge_subject(product_id: str, week_of_life: int) -> str:
    """The subject of a claim on a week of a product."""
    return f"{product_id} week {week_of_life}"


def forecast_subjects(rows: pa.Table) -> pa.ChunkedArray:
    """The subjects of claims on weeks of series: level, series and week."""
    return pc.binary_join_element_wise(
        rows["series_level"], rows["series_id"], rows["week_starting"].cast(pa.string()), "|"
    )


def _within(group: pa.Table, tables: ClaimTables) -> pa.Array:
    """Whether the revenue of a week lay within the bounds; null where the week is not over."""
    week = tables.forecast_weeks
    if not week.num_rows:
        return pa.nulls(group.num_rows, pa.float64())
    earliest = pc.min(group["predicted_on"])
    week = week.filter(pc.greater(week["week_starting"], pa.scalar(earliest.as_py() - timedelta(days=DAYS_OF_A_WEEK))))
    keys = forecast_subjects(week)
    places = pc.index_in(group["subject_id"].combine_chunks(), value_set=keys.combine_chunks())
    revenue = week["net_revenue"].combine_chunks().take(places)
    inside = pc.and_(pc.greater_equal(revenue, group["lower"]), pc.less_equal(revenue, group["upper"]))
    return _flat(inside.cast(pa.float64()))


def _flat(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
