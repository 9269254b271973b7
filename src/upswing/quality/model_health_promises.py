"""The promises of today: of each model that gives probabilities, what it says will happen, of whom, and by when."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from upswing.quality.model_health_outcomes import (
    CLAIM_SCHEMA,
    OFFER_DAYS,
    ClaimTables,
    forecast_subjects,
    monday_of_life,
    surge_subject,
)

FORECAST_SHARE = 0.8
"""What the forecasts promise: so large a share of the weeks falls within lower_80 and upper_80."""

MIDDLING_STARS = 3
"""More are good, as ``int_feedback_texts`` counts them."""


@dataclass(frozen=True)
class ClaimHorizons:
    """How far ahead the models look.

    Attributes:
        churn_weeks: weeks without an order that make a churn.
        intent_days: days within which a purchase counts.
        response_days: days within which an answer to an offer counts.
        cycle_weeks: weeks of a product's cycle.
        weeks_ahead: weeks for which a surge or a forecast is a promise; those further off are promised again.
    """

    churn_weeks: int = 8
    intent_days: int = 30
    response_days: int = 28
    cycle_weeks: int = 26
    weeks_ahead: int = 4


def promises(tables: ClaimTables, as_of_date: date, horizons: ClaimHorizons) -> Iterator[pa.Table]:
    """Claims of today, a table of :data:`CLAIM_SCHEMA` for each model and target; an empty one where there are none.

    Args:
        tables: what was scored.
        as_of_date: the day of the promise.
        horizons: how far ahead the models look.
    """
    customers = tables.customer_scores
    churn_due = as_of_date + timedelta(weeks=horizons.churn_weeks)
    intent_due = as_of_date + timedelta(days=horizons.intent_days)
    answer_due = as_of_date + timedelta(days=OFFER_DAYS + horizons.response_days)
    uplift = tables.uplift
    for model, target, scores, column, due in (
        ("customer_predictor", "churn", customers, "churn_probability", churn_due),
        ("customer_predictor", "purchase", customers, "purchase_probability", intent_due),
        ("uplift_predictor", "answer_to_offer", uplift, "response_probability", answer_due),
        ("uplift_predictor", "purchase_unasked", uplift, "base_probability", answer_due),
    ):
        yield _claims(
            scores.rename_columns({"customer_id": "subject_id", column: "probability"}), model, target, as_of_date, due
        )
    deals = tables.opportunities.filter(pc.fill_null(pc.equal(tables.opportunities["status"], "open"), False))
    scored = tables.conversions.filter(
        pc.is_in(tables.conversions["opportunity_id"], value_set=deals["opportunity_id"].combine_chunks())
    )
    scored = scored.rename_columns({"opportunity_id": "subject_id", "conversion_probability": "probability"})
    yield _claims(scored, "conversion_classifier", "won", as_of_date, None)
    yield _breakouts(tables, as_of_date, horizons)
    yield _surges(tables, as_of_date, horizons)
    yield _forecasts(tables, as_of_date)
    yield _sentiments(tables, as_of_date)


def _claims(scores: pa.Table, model: str, target: str, as_of_date: date, due: Any) -> pa.Table:
    """Rows with a probability as claims.

    Args:
        scores: subject_id, probability and model_version; lower, upper, due_on, outcome and known_on where it has them.
        model: who promises.
        target: what.
        as_of_date: when.
        due: the day by which all of it is known; None where ``scores`` says it or nobody knows.
    """
    scores = scores.filter(pc.and_(pc.is_valid(scores["probability"]), pc.is_valid(scores["model_version"])))
    rows = scores.num_rows
    given: dict[str, Any] = {"model_name": model, "target": target, "predicted_on": as_of_date, "due_on": due}
    columns = [
        scores[field.name].cast(field.type)
        if field.name in scores.column_names and given.get(field.name) is None
        else pa.array([given.get(field.name)] * rows, field.type)
        for field in CLAIM_SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=CLAIM_SCHEMA)


def _breakouts(tables: ClaimTables, as_of_date: date, horizons: ClaimHorizons) -> pa.Table:
    launched = {row["product_id"]: row["launch_week"] for row in tables.windows.to_pylist()}
    scored = tables.breakouts.filter(
        pc.is_in(tables.breakouts["product_id"], value_set=pa.array(list(launched), pa.string()))
    )
    due = [monday_of_life(launched[key.as_py()], horizons.cycle_weeks + 1) for key in scored["product_id"]]
    scored = scored.append_column("due_on", pa.array(due, pa.date32()))
    scored = scored.rename_columns({"product_id": "subject_id", "breakout_probability": "probability"})
    return _claims(scored, "breakout_classifier", "breakout", as_of_date, None)


def _surges(tables: ClaimTables, as_of_date: date, horizons: ClaimHorizons) -> pa.Table:
    launched = {row["product_id"]: row["launch_week"] for row in tables.windows.to_pylist()}
    rows = []
    for row in tables.surges.to_pylist():
        launch_week = launched.get(row["product_id"])
        if launch_week is None or row["surge_probability"] is None:
            continue
        week_starting = monday_of_life(launch_week, row["week_of_life"])
        if as_of_date < week_starting <= as_of_date + timedelta(weeks=horizons.weeks_ahead):
            rows.append(
                {
                    "subject_id": surge_subject(row["product_id"], row["week_of_life"]),
                    "probability": row["surge_probability"],
                    "model_version": row["model_version"],
                    # A history is told when the cycle is over.
                    "due_on": monday_of_life(launch_week, horizons.cycle_weeks + 1),
                }
            )
    names = ("subject_id", "probability", "model_version", "due_on")
    schema = pa.schema([CLAIM_SCHEMA.field(name) for name in names])
    return _claims(pa.Table.from_pylist(rows, schema=schema), "surge_locator", "surge_week", as_of_date, None)


def _forecasts(tables: ClaimTables, as_of_date: date) -> pa.Table:
    told = tables.forecasts.filter(pc.is_valid(tables.forecasts["lower_80"]))
    columns = {
        "subject_id": forecast_subjects(told),
        "probability": pa.array(np.full(told.num_rows, FORECAST_SHARE)),
        "lower": told["lower_80"],
        "upper": told["upper_80"],
        "due_on": pc.add(told["week_starting"].cast(pa.int32()), pa.scalar(6, pa.int32())).cast(pa.date32()),
        "model_version": told["model_version"],
    }
    return _claims(pa.table(columns), "sales_forecaster", "within_80_percent_interval", as_of_date, None)


def _sentiments(tables: ClaimTables, as_of_date: date) -> pa.Table:
    """Texts of which every answer came after the model had learned: their stars are known, but not to the model."""
    names = ("subject_id", "probability", "model_version", "outcome", "known_on")
    schema = pa.schema([CLAIM_SCHEMA.field(name) for name in names])
    if not tables.sentiments.num_rows:
        return CLAIM_SCHEMA.empty_table()
    learned_until = tables.fitted_as_of.get(tables.sentiments["model_version"][0].as_py(), as_of_date)
    firsts = tables.answers.group_by("feedback_text").aggregate([("answered_on", "min")])
    unread = firsts.filter(pc.greater(firsts["answered_on_min"], pa.scalar(learned_until)))["feedback_text"]
    stars: dict[str, list[float]] = {}
    of_unread = tables.answers.filter(pc.is_in(tables.answers["feedback_text"], value_set=unread.combine_chunks()))
    for answer in of_unread.select(["feedback_text", "rating"]).to_pylist():
        if answer["feedback_text"] is not None and answer["rating"] is not None:
            stars.setdefault(answer["feedback_text"], []).append(answer["rating"])
    is_told = pc.is_in(tables.sentiments["feedback_text"], value_set=pa.array(list(stars), pa.string()))
    rows = [
        {
            # Words of a customer are kept nowhere else.
            "subject_id": hashlib.sha256(row["feedback_text"].encode()).hexdigest()[:24],
            "probability": row["good_probability"],
            "model_version": row["model_version"],
            "outcome": float(np.mean([rating > MIDDLING_STARS for rating in stars[row["feedback_text"]]])),
            "known_on": as_of_date,
        }
        for row in tables.sentiments.filter(is_told).to_pylist()
    ]
    return _claims(pa.Table.from_pylist(rows, schema=schema), "sentiment_classifier", "good", as_of_date, None)
