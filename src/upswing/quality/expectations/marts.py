"""The border of the marts: are the scores alive, do figures fit each other across columns, have they drifted.

Every mart is counted against the last published run; those that people act on have a suite. That a probability lies
between 0 and 1 is a test of dbt; that the probabilities of all customers are not one and the same is judged here. An
error is a contradiction within a row; what a score usually looks like is a warning.
"""

from __future__ import annotations

from upswing.quality.expectations import Expected, Suite, between, holds, statistic

CENT = 0.01


def probability(column: str, highest_mean: float = 0.99) -> list[Expected]:
    """A probability that tells rows apart, and of which the mean is neither nothing nor everything."""
    return [statistic("mean", column, 0.001, highest_mean), statistic("stdev", column, 0.001)]


SUITES: dict[str, Suite] = {
    "breakout_products": Suite(
        [
            *probability("breakout_probability"),
            holds(
                "some_and_not_all",
                "not every product is a breakout product",
                "not is_breakout",
                0.05,
            ),
        ],
        drift=["breakout_probability"],
        keys=["product_id"],
    ),
    "campaign_performance": Suite(
        [
            holds("interval_holds_rate", "ctr lies within its interval", "ctr between ctr_lower and ctr_upper", 1, 0.9),
            holds("clicks_are_seen", "clicks are no more than impressions", "clicks <= impressions", 1, 0.9),
        ],
        keys=["campaign_id", "variant", "segment_name", "week_starting"],
    ),
    "category_intents": Suite(
        probability("category_purchase_probability"),
        drift=["category_purchase_probability"],
        keys=["category", "intent_rank"],
    ),
    "competitor_positions": Suite(
        [between("price_index", 0.1, 10, 0.98)], drift=["price_index"], keys=["product_id", "competitor"]
    ),
    "customer_scores": Suite(
        [
            *probability("purchase_probability"),
            *probability("churn_probability"),
            between("expected_spend", 0, None, 1, 0.9),
        ],
        drift=["churn_probability", "purchase_probability", "expected_spend"],
        keys=["churn_rank", "model_version"],
    ),
    "customer_segments": Suite(
        [
            statistic("distinct", "segment_number", 2, 100),
            holds("outliers_are_few", "outliers are the exception", "not is_outlier", 0.8),
        ],
        drift=["segment_kind"],
        keys=["segment_number"],
    ),
    "customers": Suite(
        [
            holds("active_within_all", "orders_active are part of orders", "orders_active <= orders", 1, 0.9),
            holds(
                "first_before_last",
                "first_ordered_on is no later than last_ordered_on",
                "first_ordered_on <= last_ordered_on",
                1,
                0.9,
            ),
        ],
        drift=["orders", "revenue", "recency_days"],
    ),
    "inventory_plan": Suite(
        [
            holds(
                "order_up_beyond_reorder",
                "reorder_point is no more than order_up_to_level",
                f"reorder_point <= order_up_to_level + {CENT}",
                1,
                0.9,
            ),
            between("order_quantity", 0, None, 1, 0.9),
        ],
        drift=["status", "stockout_probability"],
        keys=["product_id", "store_id"],
    ),
    "marketing_pushes": Suite(
        [
            holds(
                "offer_is_no_dearer",
                "offer_price is no more than product_price",
                f"offer_price <= product_price + {CENT}",
                1,
                0.9,
            ),
            holds("not_all_held_out", "pushes are not all held out as control", "not is_control", 0.2),
        ],
        drift=["action_id", "channel"],
        keys=["push_id"],
    ),
    "opportunity_priorities": Suite(
        [
            *probability("conversion_probability"),
            holds(
                "value_within_amount",
                "expected_value is no more than amount",
                f"abs(expected_value) <= abs(amount) + {CENT}",
                1,
                0.9,
            ),
        ],
        drift=["conversion_probability"],
        keys=["opportunity_id"],
    ),
    "price_elasticities": Suite(
        [holds("mostly_negative", "dearer mostly sells less", "elasticity < 0", 0.7)],
        drift=["elasticity"],
        keys=["product_id"],
    ),
    "product_similarities": Suite([*probability("similarity", 1)], drift=["similarity"], keys=["product_id"]),
    "product_weeks": Suite(
        [
            holds(
                "units_add_up",
                "natural_units and promoted_units are units",
                f"abs(units - natural_units - promoted_units) < {CENT} + 1e-9 * abs(units)",
                1,
                0.99,
            ),
            statistic("median", "price_paid", 0),
        ],
        drift=["units", "price_paid", "natural_units"],
        keys=["product_id", "week_starting"],
    ),
    "recommendations": Suite(
        [
            statistic("distinct", "product_id", 2),
            holds("not_all_repeats", "lists are not all repeats", "not is_repeat", 0.05),
        ],
        drift=["source", "score"],
        keys=["product_id", "recommendation_rank"],
    ),
    "sales_forecasts": Suite(
        [
            holds(
                "intervals_nest",
                "lower_95, lower_80, forecast, upper_80 and upper_95 rise",
                "lower_95 <= lower_80 and lower_80 <= forecast and forecast <= upper_80 and upper_80 <= upper_95",
                1,
                0.9,
            ),
        ],
        drift=["forecast", "model"],
        keys=["series_level", "series_id", "week_starting"],
    ),
    "surge_calendar": Suite(
        probability("surge_probability"), drift=["surge_probability"], keys=["product_id", "week_of_life"]
    ),
    "uplift_scores": Suite(
        [
            holds(
                "uplift_is_a_difference",
                "uplift is response_probability less base_probability",
                f"abs(uplift - (response_probability - base_probability)) < {CENT}",
                1,
                0.9,
            ),
        ],
        drift=["uplift"],
        keys=["uplift_rank"],
    ),
}
"""Suites of the marts that people act on."""
