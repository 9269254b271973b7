"""Products: what to push, one product's launch and surge weeks, what surged, what broke out in the past."""

from __future__ import annotations

from typing import Any

import streamlit as st

from upswing.interface import figures
from upswing.interface.frame import Page
from upswing.interface.products import answers, charts


def show(page: Page) -> None:
    """Draw the page."""
    (told,) = page.answer(answers.products_in_figures).to_pylist()
    page.as_of(told["as_of_date"])
    page.figures(
        [
            ("breakout_products", figures.count(told["breakout_products"])),
            ("products_with_a_surge_ahead", figures.count(told["products_with_a_surge_ahead"])),
            ("products_in_cycle", figures.count(told["products_in_cycle"])),
            ("historical_launches", figures.count(told["historical_launches"])),
            ("breakout_share", figures.percent(told["breakout_share"])),
        ]
    )
    show_ranked_products(page)
    show_one_product(page)
    page.chart("surged_last_week", charts.surged_last_week, page.answer(answers.surged_last_week))
    show_history(page)


def show_ranked_products(page: Page) -> None:
    """What to push, of one category or all."""
    known = page.answer(answers.categories)["category"].to_pylist()
    place, _ = st.columns([1, 2])
    with place:
        category = page.choose_any("products_category", "category", known)
    page.table("ranked_products", page.answer(answers.ranked_products, category=category), launch_units="%.0f")


def show_one_product(page: Page) -> None:
    """The product that is chosen: what is predicted, how its launch goes, when to push it, what it is like."""
    page.section("product")
    choices = page.answer(answers.products_to_choose).to_pylist()
    product_id = page.choose(
        "product",
        [row["product_id"] for row in choices],
        labels={row["product_id"]: f"{row['breakout_rank']} · {row['product_name']}" for row in choices},
    )
    found = page.answer(answers.product_in_figures, product_id=product_id).to_pylist() if product_id else []
    if not product_id or not found:
        page.empty("product")
        return
    show_product_figures(page, found[0])
    launch, surges = st.columns(2)
    with launch:
        page.chart("launch_course", charts.launch_course, page.answer(answers.launch_course, product_id=product_id))
    with surges:
        page.chart("surge_course", charts.surge_course, page.answer(answers.surge_course, product_id=product_id))
    page.table("analogs", page.answer(answers.analogs_of, product_id=product_id), distance="%.2f")


def show_product_figures(page: Page, told: dict[str, Any]) -> None:
    """What is predicted of one product, and why, in figures."""
    words = page.words
    page.name(told["product_name"] or told["product_id"], told["product_id"])
    page.note(
        words(
            "product_launched",
            category=words.value("category", told["category"]) if told["category"] else figures.MISSING,
            day=figures.day(told["launched_on"]),
            weeks=figures.count(told["weeks_on_sale"]),
        )
    )
    increment = figures.MISSING
    if told["positive_increment"] is not None:
        increment = words(
            "increment_of",
            increment=figures.amount(told["positive_increment"], 1),
            weeks=figures.count(told["positive_weeks"]),
        )
    analogs = figures.MISSING
    if told["analogs"]:
        analogs = words(
            "analogs_of_all",
            breakouts=figures.count(told["analogs_that_broke_out"]),
            analogs=figures.count(told["analogs"]),
        )
    rank = words("rank_of", rank=figures.count(told["breakout_rank"]), products=figures.count(told["ranked_products"]))
    page.figures(
        [
            ("breakout_probability", figures.percent(told["breakout_probability"])),
            ("later_breakout_probability", figures.percent(told["later_breakout_probability"])),
            ("breakout_rank", rank),
            ("expected_units", figures.amount(told["expected_units"], 1)),
        ]
    )
    page.figures(
        [
            ("positive_increment", increment),
            ("breakout_threshold", figures.amount(told["breakout_threshold"], 1)),
            ("analogs_increment", figures.amount(told["analogs_increment"], 1)),
            ("analogs_that_broke_out", analogs),
        ]
    )
    reasons = words.reasons(told, "top_reasons")
    page.say(words("product_reasons", reasons=reasons) if reasons else words("product_no_reasons"))


def show_history(page: Page) -> None:
    """Which launches of the past broke out."""
    page.chart("history_by_category", charts.history_by_category, page.answer(answers.history_by_category))
    known = page.answer(answers.past_categories)["category"].to_pylist()
    place, _ = st.columns([1, 2])
    with place:
        category = page.choose_any("past_category", "category", known)
    page.table(
        "historic_breakouts",
        page.answer(answers.historic_breakouts, category=category),
        expected_units="%.1f",
    )
