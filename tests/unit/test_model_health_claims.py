"""What models promise is kept, settled when it is known, and forgotten with whom it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from upswing.customers.customer_snapshots import FEATURES
from upswing.quality import model_health_claims
from upswing.quality.model_health_claims import score_model_claims
from upswing.quality.model_health_columns import (
    OPPORTUNITY_COLUMNS,
    PRODUCT_COLUMNS,
    WINDOW_COLUMNS,
    WatchedTables,
    watched_columns,
)
from upswing.quality.model_health_outcomes import CLAIM_SCHEMA, ClaimTables
from upswing.quality.model_health_promises import ClaimHorizons

MONDAY = date(2024, 3, 4)
HORIZONS = ClaimHorizons()
TEXT, NUMBER, DAY, LIST = pa.string(), pa.float64(), pa.date32(), pa.list_(pa.float64())

COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "customer_scores": {
        "customer_id": TEXT,
        "churn_probability": NUMBER,
        "purchase_probability": NUMBER,
        "expected_spend": NUMBER,
        "model_version": TEXT,
    },
    "uplift": {
        "customer_id": TEXT,
        "uplift": NUMBER,
        "response_probability": NUMBER,
        "base_probability": NUMBER,
        "model_version": TEXT,
    },
    "conversions": {"opportunity_id": TEXT, "conversion_probability": NUMBER, "model_version": TEXT},
    "breakouts": {
        "product_id": TEXT,
        "breakout_probability": NUMBER,
        "later_breakout_probability": NUMBER,
        "model_version": TEXT,
    },
    "surges": {"product_id": TEXT, "week_of_life": pa.int64(), "surge_probability": NUMBER, "model_version": TEXT},
    "forecasts": {
        "series_level": TEXT,
        "series_id": TEXT,
        "week_starting": DAY,
        "forecast": NUMBER,
        "lower_80": NUMBER,
        "upper_80": NUMBER,
        "model_version": TEXT,
    },
    "sentiments": {
        "feedback_text": TEXT,
        "sentiment": NUMBER,
        "good_probability": NUMBER,
        "bad_probability": NUMBER,
        "model_version": TEXT,
    },
    "order_days": {"customer_id": TEXT, "ordered_on": DAY},
    "touches": {
        "campaign_id": TEXT,
        "customer_id": TEXT,
        "is_treated": pa.bool_(),
        "is_converted": pa.bool_(),
        "touched_on": DAY,
    },
    "opportunities": {"opportunity_id": TEXT, "status": TEXT, "closed_at": pa.timestamp("us")},
    "windows": {"product_id": TEXT, "launch_week": DAY},
    "histories": {"product_id": TEXT, "is_breakout": pa.bool_(), "natural_units": LIST, "surges": LIST},
    "forecast_weeks": {"series_level": TEXT, "series_id": TEXT, "week_starting": DAY, "net_revenue": NUMBER},
    "answers": {"feedback_text": TEXT, "rating": NUMBER, "answered_on": DAY, "campaign_type": TEXT},
}


def rows_of(name: str, *rows: tuple[Any, ...]) -> pa.Table:
    """A table of one attribute; a row holds the first of its columns, the model version is always version 1."""
    schema = pa.schema(list(COLUMNS[name].items()))
    plain = [dict(zip(schema.names, row, strict=False)) for row in rows]
    if "model_version" in schema.names:
        plain = [row | {"model_version": "00001-a"} for row in plain]
    return pa.Table.from_pylist(plain, schema=schema)


def tables(fitted_as_of: date = MONDAY, **given: list[tuple[Any, ...]]) -> ClaimTables:
    made = {name: rows_of(name, *given.get(name, [])) for name in COLUMNS}
    return ClaimTables(**made, fitted_as_of={"00001-a": fitted_as_of})


def claimed(
    standing: pa.Table | None, given: ClaimTables, as_of_date: date | None
) -> dict[tuple[str, str, date], float | None]:
    found = score_model_claims(standing, given, as_of_date, HORIZONS)
    assert found.schema == CLAIM_SCHEMA
    return {(row["target"], row["subject_id"], row["predicted_on"]): row["outcome"] for row in found.to_pylist()}


def test_churn_and_purchase_are_settled_on_the_day_they_are_due() -> None:
    scored = [("stays", 0.2, 0.6), ("leaves", 0.7, 0.1)]
    first = score_model_claims(None, tables(customer_scores=scored), MONDAY, HORIZONS)
    churn_due, intent_due = MONDAY + timedelta(weeks=8), MONDAY + timedelta(days=30)
    orders = [("stays", churn_due), ("leaves", MONDAY)]
    later = tables(customer_scores=scored, order_days=orders)
    early = claimed(first, later, intent_due)
    assert early["purchase", "stays", MONDAY] == 0.0
    assert early["churn", "stays", MONDAY] is None
    settled = claimed(first, later, churn_due)
    assert (settled["churn", "stays", MONDAY], settled["churn", "leaves", MONDAY]) == (0.0, 1.0)


def test_who_does_not_churn_promises_nothing() -> None:
    found = claimed(None, tables(customer_scores=[("gone", None, 0.1)]), MONDAY)
    assert list(found) == [("purchase", "gone", MONDAY)]


def test_a_week_is_kept_once_and_ends_after_eight_weeks() -> None:
    given = tables(customer_scores=[("a", 0.2, 0.6)])
    monday = score_model_claims(None, given, MONDAY, HORIZONS)
    sunday = score_model_claims(monday, given, MONDAY + timedelta(days=6), HORIZONS)
    assert sunday.equals(monday)
    next_week = score_model_claims(sunday, given, MONDAY + timedelta(days=7), HORIZONS)
    assert next_week.num_rows == 4
    settled = score_model_claims(next_week, given, MONDAY + timedelta(days=60), HORIZONS)
    at_last = claimed(settled, given, MONDAY + timedelta(days=60 + 57))
    assert ("churn", "a", MONDAY) not in at_last


def test_a_fit_that_knows_the_future_promises_nothing_and_the_later_stands() -> None:
    given = tables(customer_scores=[("a", 0.2, 0.6)])
    assert claimed(None, given, MONDAY - timedelta(days=1)) == {}
    standing = score_model_claims(None, given, MONDAY, HORIZONS)
    assert score_model_claims(standing, given, MONDAY - timedelta(days=1), HORIZONS).equals(standing)
    assert score_model_claims(standing, given, None, HORIZONS).equals(standing)


def test_who_is_erased_is_gone_with_the_next_build() -> None:
    given = tables(
        customer_scores=[("a", 0.2, 0.6), ("b", 0.2, 0.6)], uplift=[("b", 0.1, 0.3, 0.2)], conversions=[("deal", 0.5)]
    )
    given = replace(given, opportunities=rows_of("opportunities", ("deal", "open", None)))
    standing = score_model_claims(None, given, MONDAY, HORIZONS)
    assert standing.num_rows == 7
    erased = tables(customer_scores=[("a", 0.2, 0.6)])
    assert {subject for _target, subject, _day in claimed(standing, erased, MONDAY)} == {"a"}


def test_answers_to_offers_are_those_of_the_week_after() -> None:
    given = tables(
        customer_scores=[("a", None, 0.5), ("b", None, 0.5), ("c", None, 0.5)],
        uplift=[("a", 0.1, 0.3, 0.2), ("b", 0.1, 0.3, 0.2), ("c", 0.1, 0.3, 0.2)],
        touches=[
            ("k", "a", True, True, MONDAY + timedelta(days=7)),
            ("l", "a", True, False, MONDAY + timedelta(days=5)),
            ("k", "b", False, True, MONDAY + timedelta(days=1)),
            ("k", "c", True, True, MONDAY + timedelta(days=8)),
        ],
    )
    found = claimed(None, given, MONDAY)
    # Of two offers the first counts.
    assert found["answer_to_offer", "a", MONDAY] == 0.0
    assert found["purchase_unasked", "b", MONDAY] == 1.0
    assert found["answer_to_offer", "b", MONDAY] is None
    assert found["answer_to_offer", "c", MONDAY] is None


def test_deals_are_settled_when_they_close() -> None:
    scored = [("won", 0.5), ("open", 0.5)]
    before = tables(conversions=scored, opportunities=[("won", "open", None), ("open", "open", None)])
    standing = score_model_claims(None, before, MONDAY, HORIZONS)
    closed = [("won", "won", datetime(2024, 3, 6, 9)), ("open", "open", None)]
    found = claimed(standing, tables(conversions=scored, opportunities=closed), MONDAY + timedelta(days=3))
    assert found == {("won", "won", MONDAY): 1.0, ("won", "open", MONDAY): None}


def test_launches_are_settled_when_their_cycle_is_over() -> None:
    launch_week = MONDAY - timedelta(weeks=9)
    before = tables(
        breakouts=[("p", 0.4, 0.1)],
        surges=[("p", 10, 0.2), ("p", 11, 0.3), ("p", 20, 0.3)],
        windows=[("p", launch_week)],
    )
    standing = score_model_claims(None, before, MONDAY, HORIZONS)
    # Week 10 begins today, week 20 is too far off.
    assert {row["subject_id"] for row in standing.to_pylist()} == {"p", "p week 11"}
    assert set(standing["due_on"].to_pylist()) == {launch_week + timedelta(weeks=26)}
    surges = [0.0, 0.0, 1.0] + [float("nan")] * 15
    over = tables(histories=[("p", True, [0.0] * 8, surges)])
    found = claimed(standing, over, launch_week + timedelta(weeks=26))
    assert (found["breakout", "p", MONDAY], found["surge_week", "p week 11", MONDAY]) == (1.0, 1.0)


def test_forecasts_promise_their_interval() -> None:
    following = MONDAY + timedelta(days=7)
    scored = [("category", "a", following, 5.0, 3.0, 7.0), ("category", "b", following, 5.0, None, None)]
    standing = score_model_claims(None, tables(forecasts=scored), MONDAY, HORIZONS)
    assert standing["due_on"].to_pylist() == [following + timedelta(days=6)]
    subject = f"category|a|{following}"
    weeks = [("category", "a", following, 7.0)]
    as_of_date = following + timedelta(days=6)
    inside = claimed(standing, tables(forecast_weeks=weeks), as_of_date)
    assert inside["within_80_percent_interval", subject, MONDAY] == 1.0
    outside = claimed(standing, tables(forecast_weeks=[("category", "a", following, 7.5)]), as_of_date)
    assert outside["within_80_percent_interval", subject, MONDAY] == 0.0
    waiting = claimed(standing, tables(forecast_weeks=[("category", "a", MONDAY, 7.5)]), MONDAY)
    assert waiting["within_80_percent_interval", subject, MONDAY] is None


def test_texts_are_judged_only_where_the_model_had_not_read_their_stars() -> None:
    given = tables(
        fitted_as_of=MONDAY,
        sentiments=[("new", 0.5, 0.6, 0.1), ("old", 0.5, 0.6, 0.1), ("no stars", 0.5, 0.6, 0.1)],
        answers=[
            ("new", 4.0, MONDAY + timedelta(days=1)),
            ("new", 3.0, MONDAY + timedelta(days=2)),
            ("old", 5.0, MONDAY),
            ("old", 5.0, MONDAY + timedelta(days=1)),
            ("no stars", None, MONDAY + timedelta(days=1)),
        ],
    )
    found = score_model_claims(None, given, MONDAY + timedelta(days=2), HORIZONS).to_pylist()
    assert [row["outcome"] for row in found] == [0.5]
    assert "new" not in found[0]["subject_id"]


def test_of_many_claims_a_sample_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_health_claims, "MOST_SUBJECTS", 5)
    given = tables(customer_scores=[(f"customer {number}", 0.2, 0.6) for number in range(20)])
    found = claimed(None, given, MONDAY)
    assert len(found) == 10
    assert found == claimed(None, replace(given, customer_scores=given.customer_scores[::-1]), MONDAY)


def test_nothing_scored_is_nothing_watched() -> None:
    empty = {
        "snapshots": pa.table({name: pa.array([], NUMBER) for name in FEATURES}),
        "products": pa.table({name: pa.array([], NUMBER) for name in PRODUCT_COLUMNS}),
        "segments": pa.table(
            {name: pa.array([], NUMBER) for name in ("segment_number", "centroid_distance", "segment_margin")}
        ),
        "recommendations": pa.table({"score": pa.array([], NUMBER), "source": pa.array([], TEXT)}),
    }
    claims = tables()
    shared = {name: getattr(claims, name) for name in COLUMNS if name in WatchedTables.__dataclass_fields__}
    shared["windows"] = shared["histories"] = pa.table({name: pa.array([], NUMBER) for name in WINDOW_COLUMNS})
    shared["opportunities"] = pa.table(
        {"opportunity_id": pa.array([], TEXT), "status": pa.array([], TEXT)}
        | {name: pa.array([], NUMBER) for name in OPPORTUNITY_COLUMNS}
    )
    shared["forecast_weeks"] = pa.table(
        {"week_starting": pa.array([], DAY)}
        | {name: pa.array([], NUMBER) for name in ("net_revenue", "promoted_share", "price_ratio", "promotion_reach")}
    )
    watched = WatchedTables(**empty, **shared, training_snapshots=lambda: empty["snapshots"])
    found = watched_columns(watched, MONDAY, sales_weeks=4)
    assert len(found) == 9
    assert {columns.scores.num_rows + columns.features.num_rows for columns in found.values()} == {0}
    assert watched_columns(watched, None, sales_weeks=4) == {}
