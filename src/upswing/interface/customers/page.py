"""Customers: segments, churn and intent, one customer, what goes together."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import streamlit as st

from upswing.interface import figures
from upswing.interface.customers import answers, charts
from upswing.interface.frame import Page

MOST_ROWS = 1000
"""Rows of a list; a filter brings the others."""

FIELD = 420
"""Pixels of a field or a filter."""

DRAWN_CATEGORIES = 12
EXAMPLES = 3
RULE_LEVELS = ("category", "product")
LEVELS = {"affinity": "×%.1f", "lateness": "×%.1f", "lift": "×%.2f", "later_lift": "×%.2f", "score": "%.2f"}


def show(page: Page) -> None:
    """Draw the page; with a customer in the address that customer comes first."""
    (known,) = page.answer(answers.customers_in_figures).to_pylist()
    page.as_of(known["as_of_date"])
    page.figures([(key, figures.count(value)) for key, value in known.items() if key != "as_of_date"])
    if "customer" in st.query_params and "customers_view" not in st.query_params:
        st.query_params["customers_view"] = "customer"
    page.parts(
        "customers_view",
        {
            "segments": _show_segments,
            "intents": _show_intents,
            "customer": _show_customer,
            "together": _show_together,
        },
    )


def _show_segments(page: Page) -> None:
    page.chart("segment_map", charts.segment_map, page.answer(answers.segments))
    profiles = page.answer(answers.segment_profiles)
    page.chart("segment_sizes", charts.segment_sizes, profiles)
    page.section("portraits")
    if not profiles.num_rows:
        page.empty("portraits")
    page.tell((page.words.value("segment_name", row["segment_name"]), row["portrait"]) for row in profiles.to_pylist())


def _show_intents(page: Page) -> None:
    page.chart("churn", charts.churn_distribution, page.answer(answers.churn_distribution))
    names = page.answer(answers.segment_names)["segment_name"].to_pylist()
    with st.container(width=FIELD):
        segment = page.choose_any("risk_segment", "segment_name", names)
    page.table("at_risk", page.answer(answers.at_risk, rows=MOST_ROWS, segment_name=segment), revenue_at_risk="%.2f")
    intents = page.answer(answers.category_intents, rows=DRAWN_CATEGORIES)
    page.chart("category_intents", charts.category_intents, intents)
    with st.container(width=FIELD):
        category = page.choose_any("intent_category", "category", intents["category"].to_pylist())
    page.table("likely_buyers", page.answer(answers.likely_buyers, rows=MOST_ROWS, category=category), **LEVELS)


def _show_customer(page: Page) -> None:
    """The customer of the address, else the first example."""
    page.section("customer")
    examples = page.answer(answers.examples, rows=EXAMPLES)["customer_id"].to_pylist()
    typed = st.text_input(
        page.words("customer.filter"),
        help=page.words("customer.help"),
        placeholder=examples[0] if examples else None,
        key="customer",
        bind="query-params",
        width=FIELD,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if examples:
            page.note(page.words("customer.examples"), width="content")
        for example in examples:
            page.offer(example, f"example_{example}", partial(_choose, "customer", example))
    chosen = (typed or "").strip() or next(iter(examples), None)
    if chosen is None:
        page.empty("customer")
        return
    found = page.answer(answers.customer, customer_id=chosen).to_pylist()
    if not found:
        page.not_found(page.words("customer.unknown"))
        return
    _tell_customer(page, found[0])
    page.table("recommendations", page.answer(answers.recommendations, customer_id=chosen), **LEVELS)
    page.table("interests", page.answer(answers.interests, customer_id=chosen), **LEVELS)
    page.table("pushes", page.answer(answers.pushes, customer_id=chosen), offer_price="%.2f")


def _choose(key: str, value: str) -> None:
    st.session_state[key] = value


def _tell_customer(page: Page, found: dict[str, Any]) -> None:
    words = page.words
    page.figures(
        [
            ("segment", words.value("segment_name", found["segment_name"] or figures.MISSING)),
            ("churn_probability", figures.percent(found["churn_probability"], 1)),
            ("purchase_probability", figures.percent(found["purchase_probability"], 1)),
            ("expected_spend_of_one", figures.amount(found["expected_spend"])),
            ("uplift_group", words.value("uplift_group", found["uplift_group"] or figures.MISSING)),
        ]
    )
    portrait, scores = st.columns(2)
    with portrait:
        page.section("portrait")
        page.tell((words(f"portrait.{name}"), text) for name, text in _portrait(page, found) if text)
    with scores:
        page.section("scores")
        reasons = ("churn_reasons", "purchase_reasons", "uplift_reasons")
        page.tell((words(f"scores.{reason}"), words.reasons(found, reason)) for reason in reasons)
        if found["is_active"] is False:
            page.note(words("scores.inactive"))
        if found["learner"] == "average_effect":
            page.note(words("scores.average_effect"))


def _portrait(page: Page, found: dict[str, Any]) -> Iterable[tuple[str, str | None]]:
    """What is known of a customer, in words; None where nothing is."""
    words = page.words
    yield "customer", found["customer_id"]
    if found["has_moved"]:
        yield "moved", words.value("segment_name", found["previous_segment_name"])
    for band in ("age_band", "gender", "income_band", "household_size", "region"):
        yield band, found[band]
    if found["demographics_withheld"]:
        yield "withheld", figures.count(found["demographics_withheld"])
    yield "known_since", figures.day(found["known_since"]) if found["known_since"] else None
    if found["last_ordered_on"]:
        days = figures.count(found["recency_days"])
        yield "last_order", words("portrait.days_ago", day=figures.day(found["last_ordered_on"]), days=days)
    orders, revenue = figures.count(found["orders"]), figures.amount(found["revenue"])
    yield "bought", words("portrait.orders_of", orders=orders, revenue=revenue)
    orders, revenue = figures.count(found["orders_active"]), figures.amount(found["revenue_active"])
    yield "bought_lately", words("portrait.orders_of", orders=orders, revenue=revenue)
    for share in ("promoted_share", "online_share", "weekend_share"):
        yield share, figures.percent(found[share]) if found[share] is not None else None
    if found["spending_power"]:
        yield "spending_power", words("portrait.of_five", fifth=found["spending_power"])
    if found["favourite_weekday"]:
        yield "favourite_weekday", words.value("favourite_weekday", found["favourite_weekday"])
    yield "top_categories", found["top_categories"]
    if found["sessions"]:
        sessions, carts = figures.count(found["sessions"]), figures.count(found["abandoned_carts"])
        yield "browsing", words("portrait.sessions", sessions=sessions, carts=carts)
    if found["campaign_touches"]:
        touches, answered = figures.count(found["campaign_touches"]), figures.count(found["campaign_conversions"])
        yield "campaigns", words("portrait.answered", touches=touches, answered=answered)
    if found["ratings"]:
        ratings, mean = figures.count(found["ratings"]), figures.amount(found["mean_rating"], 1)
        yield "ratings", words("portrait.rated", ratings=ratings, mean=mean)


def _show_together(page: Page) -> None:
    labels = {level: page.words(f"rule_level.{level}") for level in RULE_LEVELS}
    with st.container(width=FIELD):
        level = page.choose("rule_level", RULE_LEVELS, labels=labels)
    page.table("basket_rules", page.answer(answers.basket_rules, rows=MOST_ROWS, rule_level=level), **LEVELS)
    recommended = page.answer(answers.most_recommended, rows=MOST_ROWS)
    page.table("most_recommended", recommended, mean_rank="%.1f")
    page.table("recommendation_sources", page.answer(answers.recommendation_sources))
    typed = st.text_input(
        page.words("alike_product.filter"),
        placeholder=next(iter(recommended["product_id"].to_pylist()), None),
        key="alike_product",
        bind="query-params",
        width=FIELD,
    )
    chosen = (typed or "").strip() or next(iter(recommended["product_id"].to_pylist()), "")
    alike = page.answer(answers.products_alike, product_id=chosen)
    page.table("products_alike", alike, similarity="%.2f", similar_price_paid="%.2f")
