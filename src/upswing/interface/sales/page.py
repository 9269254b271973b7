"""Sales: what will sell, what was out of the ordinary, how the market moves, what to order."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from upswing.interface import figures
from upswing.interface.frame import Page
from upswing.interface.sales import answers, charts, market_answers, market_charts

STOCK_STATES = (
    "stock_out",
    "reorder_now",
    "ok",
    "excess",
    "slow_mover",
    "dead_stock",
    "count_again",
    "unknown_product",
    "ended",
)


AGES = ("any", "new")
SHARES = dict.fromkeys(
    ["bias", "coverage_80", "coverage_95", "growth", "growth_lower_95", "growth_upper_95", "share_change", "wape"],
    "percent",
)
"""Columns that hold shares, though their names do not end as such."""


def show(page: Page) -> None:
    """Draw the page: its figures, and the part that is open."""
    (told,) = page.answer(answers.sales_in_figures).to_pylist()
    page.as_of(told["as_of_date"])
    page.figures(
        [
            ("expected_revenue", figures.count(told["expected_revenue"])),
            ("wape", figures.percent(told["wape"], 1)),
            ("new_anomalies", figures.count(told["new_anomalies"])),
            ("growing_categories", figures.count(told["growing_categories"])),
            ("shrinking_categories", figures.count(told["shrinking_categories"])),
            ("products_to_order", figures.count(told["products_to_order"])),
        ]
    )
    page.parts("sales_view", VIEWS)


def show_forecast(page: Page) -> None:
    """What will sell, of the series that is chosen, and how far to trust it."""
    level_place, series_place = st.columns([1, 2])
    with level_place:
        level = page.choose(
            "forecast_level",
            answers.LEVELS,
            labels={level: page.words.value("series_level", level) for level in answers.LEVELS},
        )
    level = str(level)
    series = page.answer(answers.series_to_choose, series_level=level).to_pylist()
    series_id = series[0]["series_id"] if series else None
    if level != "total":
        with series_place:
            series_id = page.choose(
                f"{level}_series",
                [row["series_id"] for row in series],
                labels={
                    row["series_id"]: f"{row['product_name']} · {row['series_id']}"
                    for row in series
                    if row["product_name"]
                },
            )
    course = page.answer(answers.forecast_course, series_level=level, series_id=str(series_id))
    page.chart("forecast_course", charts.forecast_course, course)
    if course.num_rows:
        if level == "store_category":
            page.inform(page.words("forecast_course.no_history"))
        ahead = next((row for row in course.to_pylist() if row["model"]), None)
        if ahead:
            page.note(page.words("forecast_course.model", model=ahead["note"] or ahead["model"]))
    measured = page.answer(answers.accuracy, series_level=level)
    page.chart("accuracy", charts.accuracy, measured, **SHARES)
    for sentence in charts.accuracy_in_words(measured, page.words):
        page.say(sentence)


def show_anomalies(page: Page) -> None:
    """What was out of the ordinary, and where it lies in the course of one series."""
    kind_place, age_place, _ = st.columns(3)
    with kind_place:
        kind = page.choose_any("anomaly_kind", "anomaly_kind", ["spike", "drop", "missing", "level_shift"])
    with age_place:
        age = page.choose("anomaly_age", AGES, labels={age: page.words(f"anomaly_age.{age}") for age in AGES})
    found = page.answer(answers.anomalies, anomaly_kind=kind, only_new=age == "new")
    page.table("anomalies", found, weeks_affected="%d")
    series = page.answer(answers.anomalous_series).to_pylist()
    if not series:
        return
    known = {f"{row['series_level']}:{row['series_id']}": row for row in series}
    chosen = page.choose(
        "anomaly_series",
        list(known),
        labels={
            key: f"{page.words.value('series_level', row['series_level'])}: {row['product_name'] or row['series_id']}"
            + (f" · {row['series_id']}" if row["product_name"] else "")
            for key, row in known.items()
        },
    )
    one = known.get(str(chosen))
    if one:
        course = page.answer(answers.anomaly_course, series_level=one["series_level"], series_id=one["series_id"])
        page.chart("anomaly_course", charts.anomaly_course, course)


def show_market(page: Page) -> None:
    """How the categories grow."""
    known = page.answer(market_answers.directions)["direction"].to_pylist()
    place, _ = st.columns([1, 2])
    with place:
        direction = page.choose_any("direction", "direction", known)
    page.chart(
        "market_growth",
        market_charts.market_growth,
        page.answer(market_answers.market_growth, direction=direction),
        **SHARES,
    )


def show_prices(page: Page) -> None:
    """Where our prices stand beside the competitors', and how units go with them."""
    known = page.answer(market_answers.price_categories)["category"].to_pylist()
    place, _ = st.columns([1, 2])
    with place:
        category = page.choose_any("price_category", "category", known)
    found = page.answer(market_answers.positions, category=category)
    page.chart("positions", market_charts.positions, found)
    verdicts = {row["competitor"]: row["competitor_verdict"] for row in found.to_pylist()}
    for competitor, verdict in verdicts.items():
        page.note(page.words("positions.verdict", competitor=competitor, verdict=verdict))
    page.table(
        "dearest_products",
        page.answer(market_answers.dearest_products, category=category),
        our_price="%.2f",
        rival_price="%.2f",
        price_index="%.2f",
        our_promotion_pressure="percent",
        rival_promotion_pressure="percent",
    )
    page.chart("elasticities", market_charts.elasticities, page.answer(market_answers.elasticities, category=category))


def show_inventory(page: Page) -> None:
    """How the stock stands, and what to order now."""
    store_place, status_place, category_place = st.columns(3)
    stores = page.answer(market_answers.stock_places)["store_id"].to_pylist()
    with store_place:
        store = page.choose("stock_place", ["", *stores], labels={"": page.words("stock_place.company")})
    with status_place:
        status = page.choose(
            "stock_state",
            ["", *STOCK_STATES],
            labels={"": page.words("stock_status.to_order")}
            | {state: page.words.value("status", state) for state in STOCK_STATES},
        )
    with category_place:
        known = page.answer(market_answers.stock_categories)["category"].to_pylist()
        category = page.choose_any("stock_category", "category", known)
    page.chart(
        "stock_status",
        market_charts.stock_status,
        page.answer(market_answers.stock_status, store_id=store or None),
    )
    page.table(
        "stock_of_status" if status else "what_to_order",
        page.answer(market_answers.what_to_order, store_id=store or None, status=status or None, category=category),
        order_quantity="%.0f",
        on_hand="%.0f",
        reorder_point="%.0f",
        safety_stock="%.1f",
        days_of_cover="%.0f",
    )


VIEWS: dict[str, Callable[[Page], None]] = {
    "forecast": show_forecast,
    "anomalies": show_anomalies,
    "market": show_market,
    "prices": show_prices,
    "inventory": show_inventory,
}
"""Each view by its name in the address."""
