"""Which scores and which features of each learned model are watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from upswing.customers.customer_snapshots import FEATURES
from upswing.customers.segment_features import FEATURE_NAMES as SEGMENT_FEATURES
from upswing.marketing.uplift_rows import DRIFTING, UPLIFT_FEATURES

CLOCK_COLUMNS = frozenset(DRIFTING)
"""What grows as time goes by: shown, but no verdict rests on it."""

WINDOW_COLUMNS = (
    "category",
    "given_expected_units",
    "natural_units",
    "promoted_units",
    "price_paid",
    "stores",
    "customers",
)
OPPORTUNITY_COLUMNS = (
    "amount",
    "visits",
    "days_open",
    "days_since_previous",
    "mean_minutes",
    "feedback_share",
    "mean_note_length",
    "owner_won_before",
    "owner_closed_before",
)
PRODUCT_COLUMNS = (
    "category",
    "price_paid",
    "price_position",
    "weekly_units",
    "active_orders",
    "customers",
    "promoted_share",
    "repeat_share",
    "rating",
)


@dataclass(frozen=True)
class WatchedTables:
    """What the models score by and have scored, of the tables that the attributes are named after.

    Attributes:
        snapshots: of ``int_customer_snapshots`` the current rows.
        training_snapshots: reads of it what customers' models learn from; called where there is no earlier check.
        opportunities: of ``int_opportunity_texts``.
        windows: of ``int_launch_windows`` those in their cycle.
        histories: of ``int_launch_histories``.
        products: of ``int_product_features``.
        forecast_weeks: of ``int_forecast_weeks``.
        answers: of ``int_feedback_answers`` the recent rows.
        customer_scores: of ``score_customers``.
        segments: of ``score_customer_segments``.
        recommendations: of ``score_recommendations``.
        uplift: of ``score_uplift``.
        conversions: of ``score_conversion_probabilities``.
        breakouts: of ``score_breakout_products``.
        surges: of ``score_surge_calendar``.
        forecasts: of ``score_sales_forecasts`` the first weeks ahead.
        sentiments: of ``score_feedback_sentiments``.
    """

    snapshots: pa.Table
    training_snapshots: Callable[[], pa.Table]
    opportunities: pa.Table
    windows: pa.Table
    histories: pa.Table
    products: pa.Table
    forecast_weeks: pa.Table
    answers: pa.Table
    customer_scores: pa.Table
    segments: pa.Table
    recommendations: pa.Table
    uplift: pa.Table
    conversions: pa.Table
    breakouts: pa.Table
    surges: pa.Table
    forecasts: pa.Table
    sentiments: pa.Table


@dataclass(frozen=True)
class Watched:
    """The columns of one model.

    Attributes:
        scores: a column each score.
        features: a column each feature.
        clock_columns: features that grow as time goes by.
        training: reads the features of what it learned from, where that is drawn like what it scores; else None.
    """

    scores: pa.Table
    features: pa.Table
    clock_columns: frozenset[str] = field(default_factory=frozenset)
    training: Callable[[], pa.Table] | None = None


def watched_columns(tables: WatchedTables, as_of_date: date | None, sales_weeks: int) -> dict[str, Watched]:
    """Scores and features of each learned model, as of today.

    Args:
        tables: what was read.
        as_of_date: the build's clock; None where the raw data hold no day, and nothing is watched.
        sales_weeks: weeks of sales that are compared, the newest.
    """
    if as_of_date is None:
        return {}
    is_open = pc.equal(tables.opportunities["status"], "open")
    open_deals = tables.opportunities.filter(pc.fill_null(is_open, False))
    is_scored_open = pc.is_in(
        tables.conversions["opportunity_id"], value_set=open_deals["opportunity_id"].combine_chunks()
    )
    answers = tables.answers.filter(pc.is_valid(tables.answers["feedback_text"]))
    answers = answers.append_column("text_length", pc.utf8_length(answers["feedback_text"]))
    told = tables.sentiments.select(["feedback_text", "sentiment", "good_probability", "bad_probability"])
    answered = answers.select(["feedback_text"]).join(told, "feedback_text", join_type="inner")
    recent = as_of_date - timedelta(weeks=sales_weeks + 1)
    weeks = tables.forecast_weeks.filter(pc.greater(tables.forecast_weeks["week_starting"], pa.scalar(recent)))
    windows = tables.windows.select(list(WINDOW_COLUMNS))
    # A number, but no quantity.
    numbers = tables.segments["segment_number"].cast(pa.string())
    segments = tables.segments.select(["centroid_distance", "segment_margin"]).append_column("segment_number", numbers)
    return {
        "breakout_classifier": Watched(
            tables.breakouts.select(["breakout_probability", "later_breakout_probability"]),
            windows,
            training=lambda: tables.histories.select(list(WINDOW_COLUMNS)),
        ),
        "conversion_classifier": Watched(
            tables.conversions.filter(is_scored_open).select(["conversion_probability"]),
            open_deals.select(list(OPPORTUNITY_COLUMNS)),
        ),
        "customer_predictor": Watched(
            tables.customer_scores.select(["churn_probability", "purchase_probability", "expected_spend"]),
            tables.snapshots.select(list(FEATURES)),
            CLOCK_COLUMNS,
            lambda: tables.training_snapshots().select(list(FEATURES)),
        ),
        "customer_segments": Watched(
            segments,
            tables.snapshots.select(list(SEGMENT_FEATURES)),
            CLOCK_COLUMNS,
            lambda: tables.training_snapshots().select(list(SEGMENT_FEATURES)),
        ),
        "recommender": Watched(
            tables.recommendations.select(["score", "source"]), tables.products.select(list(PRODUCT_COLUMNS))
        ),
        "sales_forecaster": Watched(
            tables.forecasts.select(["forecast"]),
            weeks.select(["net_revenue", "promoted_share", "price_ratio", "promotion_reach"]),
        ),
        "sentiment_classifier": Watched(
            answered.select(["sentiment", "good_probability", "bad_probability"]),
            answers.select(["text_length", "rating", "campaign_type"]),
        ),
        "surge_locator": Watched(tables.surges.select(["surge_probability"]), windows),
        "uplift_predictor": Watched(
            tables.uplift.select(["uplift", "response_probability", "base_probability"]),
            tables.snapshots.select(list(UPLIFT_FEATURES)),
        ),
    }
