"""The border of staging: are the usable rows complete, do their values lie where they should, and have they drifted.

Keys and relations are tests of dbt. An error is what is wrong for any company: a required value that is missing,
a campaign that ends before it starts, sales with the wrong sign. What few companies have is a warning.
"""

from __future__ import annotations

from upswing.quality.expectations import Suite, between, holds, not_null, statistic

SUITES: dict[str, Suite] = {
    "campaign_touches": Suite(
        [
            not_null("customer_id", 0.9, 0.1),
            between("revenue", 0, None, 0.99),
            holds("clicked_later", "clicked_at is no earlier than touched_at", "clicked_at >= touched_at", 0.99),
            holds("converted_later", "converted_at is no earlier than touched_at", "converted_at >= touched_at", 0.99),
            holds("some_unanswered", "touches are not all answered", "converted_at is null", 0.01),
        ],
        drift=["variant"],
        keys=["campaign_id", "touched_at"],
    ),
    "campaigns": Suite(
        [
            not_null("campaign_type", 0.5),
            holds("ends_later", "ends_on is no earlier than starts_on", "ends_on >= starts_on", 0.99, 0.5),
        ],
        keys=["campaign_id"],
    ),
    "competitor_prices": Suite(
        [
            holds("priced", "price is above 0", "price > 0", 0.99),
            statistic("distinct", "competitor", 1, 10_000),
        ],
        drift=["price", "competitor", "is_promoted"],
        keys=["product_id", "competitor", "observed_on"],
    ),
    "customers": Suite(
        [
            statistic("distinct", "gender", None, 20),
            statistic("distinct", "age_band", None, 100),
            statistic("distinct", "income_band", None, 200),
            between("birth_year", 1905, 2030, 0.99),
        ],
        drift=["age_band", "gender", "income_band", "household_size", "region"],
    ),
    "events": Suite(
        [
            not_null("session_id", 0.5),
            not_null("event_type", 0.99, 0.5),
            statistic("distinct", "event_type", 1, 100),
        ],
        drift=["event_type", "channel"],
        keys=["event_id"],
    ),
    "feedback": Suite(
        [
            holds(
                "says_something",
                "an answer has a rating or a text",
                "coalesce(cast(rating as string), feedback_text) is not null",
                0.9,
            ),
            holds("not_all_the_same", "ratings are known or absent", "rating is null or rating >= 0", 0.99),
        ],
        drift=["rating"],
        keys=["feedback_id"],
    ),
    "inventory": Suite(
        [
            between("on_hand", 0, None, 0.95),
            between("lead_time_days", 0, 365, 0.99),
        ],
        drift=["on_hand"],
        keys=["product_id", "store_id", "counted_on"],
    ),
    "opportunities": Suite(
        [
            not_null("status", 0.99, 0.5),
            between("amount", 0, None, 0.99),
            holds("closes_later", "closed_at is no earlier than opened_at", "closed_at >= opened_at", 0.99, 0.5),
        ],
        drift=["status", "amount"],
        keys=["opportunity_id"],
    ),
    "opt_outs": Suite([not_null("customer_id", 0.9, 0.1)], keys=["opted_out_at"]),
    "order_lines": Suite(
        [
            holds("mostly_sales", "quantity is above 0, returns aside", "quantity > 0", 0.8),
            holds("same_sign", "quantity and net_amount have the same sign", "quantity * net_amount >= 0", 0.98),
            between("discount_amount", 0, None, 0.98),
            between("coupon_amount", 0, None, 0.98),
            statistic("median", "quantity", 0),
            statistic("mean", "net_amount", 0, None, error_minimum=0),
            holds("some_unpromoted", "lines are not all in a promotion", "not is_promoted", 0.01),
        ],
        drift=["quantity", "net_amount", "discount_amount", "channel", "is_promoted", "store_id"],
        keys=["order_line_id", "order_id", "product_id"],
    ),
    "products": Suite(
        [
            not_null("category", 0.5),
            not_null("product_name", 0.5),
            holds(
                "categories_group",
                "categories hold products in common",
                "category is null or category <> product_id",
                0.9,
            ),
        ],
        drift=["category", "unit_cost"],
        keys=["product_id"],
    ),
    "promotions": Suite(
        [holds("on_display_or_mailed", "a promotion is on display or in a mailer", "is_displayed or is_mailed", 0.95)],
        drift=["is_displayed", "is_mailed"],
        keys=["product_id", "store_id", "week_starting"],
    ),
    "visits": Suite(
        [
            between("duration_minutes", 1, 1440, 0.95),
            holds(
                "has_place", "latitude and longitude come together", "(latitude is null) = (longitude is null)", 0.99
            ),
            holds(
                "says_something",
                "a visit has a note or the customer's words",
                "coalesce(visit_note, customer_feedback) is not null",
                0.5,
            ),
        ],
        drift=["duration_minutes"],
        keys=["visit_id"],
    ),
}
"""Suites of the staging tables, by raw table."""
