"""The sections of the week in review: which answers each one asks, which rule tells them, what is drawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from io import StringIO
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from upswing.interface import figures
from upswing.interface.customers import answers as customers
from upswing.interface.customers import charts as customer_charts
from upswing.interface.marketing import answers as marketing
from upswing.interface.marketing import effect_answers as marketing_effects
from upswing.interface.marketing import effect_charts as marketing_effect_charts
from upswing.interface.marts import Marts
from upswing.interface.opportunities import answers as opportunities
from upswing.interface.opportunities import charts as opportunity_charts
from upswing.interface.products import answers as products
from upswing.interface.products import charts as product_charts
from upswing.interface.quality import answers as quality
from upswing.interface.quality import charts as quality_charts
from upswing.interface.report import answers, rules
from upswing.interface.report.document import Picture, Report, Section, grid
from upswing.interface.sales import answers as sales
from upswing.interface.sales import charts as sales_charts
from upswing.interface.theme import at_width
from upswing.interface.today import answers as today
from upswing.interface.words import Words

ALL = 1_000_000
"""Where a rule counts the rows, all of them are asked for."""

WIDTH = 760
"""Pixels of a chart before it is fitted to the page."""


def week_in_review(marts: Marts, language: str) -> Report:
    """The report of what is published now; read again where other marts were published meanwhile.

    Raises:
        UserError: nothing is published, or it is of another version.
    """
    while True:
        version = marts.version
        report = _assembled(marts, Words(language, "report"))
        if marts.version == version:
            return report


def _assembled(marts: Marts, words: Words) -> Report:
    (known,) = answers.known_so_far(marts).to_pylist()
    (now,) = today.today_in_figures(marts).to_pylist()
    newest = answers.sales_of_the_week(marts).to_pylist()
    sections = [make(marts, words) for make in (_week, _surged, _push, _visit, _keep, _segments)]
    sections += [make(marts, words) for make in (_promises, _ahead, _anomalies, _stock)]
    sections += [make(marts, words) for make in (_marketing, _experiments, _quality)]
    labels = words.of("today")
    return Report(
        language=words.language,
        title=words("title"),
        subtitle=_subtitle(newest, known["as_of_date"], words),
        as_of=known["as_of_date"],
        published_at=known["published_at"],
        figures=[
            (labels(key), figures.count(now[key] or 0))
            for key in (
                "breakout_products",
                "products_with_a_surge_ahead",
                "expected_value",
                "revenue_at_risk",
                "pushes",
                "places_to_reorder",
            )
        ],
        sections=sections,
        notes=[words("note.marts"), words("note.pseudonyms"), words("note.sample")],
    )


def _subtitle(newest: list[rules.Row], day: date | None, words: Words) -> str:
    if day is None:
        return words("subtitle.undated")
    if not newest:
        return words("subtitle.no_week", day=figures.day(day))
    first, last = (figures.day(newest[0][column]) for column in ("week_starting", "week_ending"))
    return words("subtitle", first=first, last=last, day=figures.day(day))


def _week(marts: Marts, words: Words) -> Section:
    return Section("week", words("week.title"), rules.week(answers.sales_of_the_week(marts).to_pylist(), words))


def _surged(marts: Marts, words: Words) -> Section:
    rows = products.surged_last_week(marts, rows=ALL)
    columns = {
        "product_name": "text",
        "category": "text",
        "week_of_life": "count",
        "natural_units": "count",
        "expected_units": "decimal",
        "breakout_rank": "count",
    }
    return Section(
        "surged",
        words("surged.title"),
        rules.surged(rows.to_pylist(), words),
        grids=grid(words("surged.rows"), rows, words.of("products"), columns),
    )


def _push(marts: Marts, words: Words) -> Section:
    rows = today.what_to_push(marts)
    (now,) = today.today_in_figures(marts).to_pylist()
    (cycle,) = products.products_in_figures(marts).to_pylist()
    (ahead,) = answers.windows_ahead(marts).to_pylist()
    room = words.of("products")
    columns = {
        "breakout_rank": "count",
        "product_name": "text",
        "breakout_probability": "percent",
        "promote_from": "text",
        "promote_until": "text",
        "top_reasons": "text",
    }
    first = rows.slice(0, 1).to_pylist()
    course = products.launch_course(marts, product_id=first[0]["product_id"]) if first else None
    return Section(
        "push",
        words("push.title"),
        rules.push(rows.to_pylist(), cycle["products_in_cycle"], now["breakout_products"], ahead, words),
        drawn("push", product_charts.launch_course, course, room),
        grid(words("push.rows"), rows, room, columns),
        _verdict(marts, "breakout_classifier", words),
    )


def _visit(marts: Marts, words: Words) -> Section:
    rows = opportunities.priorities(marts, rows=10)
    (now,) = today.today_in_figures(marts).to_pylist()
    room = words.of("opportunities")
    columns = {
        "visit_priority": "count",
        "opportunity_id": "text",
        "owner_id": "text",
        "conversion_probability": "percent",
        "expected_value": "count",
        "finding": "text",
        "top_reasons": "text",
    }
    # Of the first with a course: one visit alone is a point.
    with_course = (row["opportunity_id"] for row in rows.to_pylist() if (row["visits"] or 0) > 1)
    first = next(with_course, None)
    course = opportunities.conversion_course(marts, opportunity_id=first) if first else None
    return Section(
        "visit",
        words("visit.title"),
        rules.visit(rows.to_pylist(), now["open_opportunities"], now["expected_value"], words),
        drawn("visit", opportunity_charts.conversion_course, course, room),
        grid(words("visit.rows"), rows, room, columns),
        _verdict(marts, "conversion_classifier", words),
    )


def _keep(marts: Marts, words: Words) -> Section:
    rows = today.whom_to_keep(marts)
    (now,) = today.today_in_figures(marts).to_pylist()
    (known,) = answers.known_so_far(marts).to_pylist()
    columns = {
        "customer_id": "text",
        "churn_probability": "percent",
        "revenue_at_risk": "amount",
        "churn_reasons": "text",
    }
    return Section(
        "keep",
        words("keep.title"),
        rules.keep(
            rows.to_pylist(), known["customers_scored"], now["customers_at_risk"], now["revenue_at_risk"], words
        ),
        grids=grid(words("keep.rows"), rows, words.of("customers"), columns),
        notes=_verdict(marts, "customer_predictor", words),
    )


def _segments(marts: Marts, words: Words) -> Section:
    (who,) = customers.customers_in_figures(marts).to_pylist()
    return Section(
        "segments",
        words("segments.title"),
        rules.segments(who, words),
        drawn("segments", customer_charts.segment_map, customers.segments(marts, rows=1000), words.of("customers")),
    )


def _promises(marts: Marts, words: Words) -> Section:
    states = quality.model_states(marts)
    health = states.filter(pc.equal(states["drift_kind"], "calibration"))
    accuracy = sales.accuracy(marts)
    columns = {"model_name": "text", "state": "text", "verdict": "text"}
    return Section(
        "promises",
        words("promises.title"),
        rules.promises(health.to_pylist(), accuracy.to_pylist(), words),
        drawn("promises", sales_charts.accuracy, accuracy, words.of("sales")),
        grid(words("promises.health"), health, words, columns, rows=20),
    )


def _ahead(marts: Marts, words: Words) -> Section:
    course = sales.forecast_course(marts)
    coming = course.filter(pc.is_valid(course["forecast"]))
    room = words.of("sales")
    columns = {"week_starting": "text", "forecast": "count", "lower_80": "count", "upper_80": "count"}
    return Section(
        "ahead",
        words("ahead.title"),
        rules.ahead(course.to_pylist(), words),
        drawn("ahead", sales_charts.forecast_course, course, room),
        grid(words("ahead.rows"), coming, room, columns, rows=13),
    )


def _anomalies(marts: Marts, words: Words) -> Section:
    rows = sales.anomalies(marts, only_new=True, rows=ALL)
    columns = {
        "week_starting": "text",
        "series_name": "text",
        "anomaly_kind": "text",
        "observed": "count",
        "expected": "count",
        "probable_cause": "text",
        "cause_evidence": "text",
    }
    return Section(
        "anomalies",
        words("anomalies.title"),
        rules.anomalies(rows.to_pylist(), answers.sales_of_the_week(marts).to_pylist(), words),
        grids=grid(words("anomalies.rows"), rows, words.of("sales"), columns),
        notes=[words("anomalies.note")] if rows.num_rows else [],
    )


def _stock(marts: Marts, words: Words) -> Section:
    (stocks,) = answers.stock_in_figures(marts).to_pylist()
    rows = answers.stock_to_order(marts)
    columns = {
        "product_name": "text",
        "store_id": "text",
        "status": "text",
        "on_hand": "count",
        "days_of_cover": "count",
        "order_quantity": "count",
        "order_value": "count",
    }
    return Section(
        "stock",
        words("stock.title"),
        rules.stock(stocks, words),
        grids=grid(words("stock.rows"), rows, words, columns),
        notes=[words("stock.note")] if rows.num_rows else [],
    )


def _marketing(marts: Marts, words: Words) -> Section:
    (planned,) = answers.pushes_in_figures(marts).to_pylist()
    (late,) = answers.campaigns_of_late(marts).to_pylist()
    columns = {
        "campaign_name": "text",
        "first_week": "text",
        "customers": "count",
        "conversions": "count",
        "ctr": "percent_1",
        "cr": "percent_1",
        "roi": "percent",
    }
    return Section(
        "marketing",
        words("marketing.title"),
        rules.marketing(planned, late, marketing_effects.adjustments(marts).to_pylist(), words),
        grids=grid(words("marketing.rows"), marketing.campaigns(marts), words.of("marketing"), columns),
    )


def _experiments(marts: Marts, words: Words) -> Section:
    rows = marketing_effects.experiments(marts)
    room = words.of("marketing")
    columns = {
        "campaign_name": "text",
        "variant": "text",
        "reference_variant": "text",
        "outcome": "text",
        "verdict": "text",
    }
    return Section(
        "experiments",
        words("experiments.title"),
        rules.experiments(rows.to_pylist(), words),
        drawn("experiments", marketing_effect_charts.experiments, rows, room),
        grid(words("experiments.rows"), rows, room, columns, rows=20),
    )


def _quality(marts: Marts, words: Words) -> Section:
    room = words.of("quality")
    deliveries = quality.deliveries(marts)
    failures = {
        "severity": "text",
        "layer": "text",
        "table_name": "text",
        "expectation": "text",
        "observed": "text",
        "expected": "text",
    }
    models = {"model_name": "text", "verdict": "text"}
    return Section(
        "quality",
        words("quality.title"),
        rules.quality(
            quality.gates(marts).to_pylist(),
            deliveries.to_pylist(),
            quality.model_states(marts).to_pylist(),
            quality.runs(marts).to_pylist(),
            words,
        ),
        drawn("quality", quality_charts.deliveries, deliveries, room),
        [
            *grid(words("quality.failures"), quality.gate_failures(marts), room, failures),
            *grid(words("quality.models"), quality.models(marts), words, models, rows=20),
        ],
    )


def drawn(key: str, draw: Callable[[pa.Table, Words], Any], data: pa.Table | None, words: Words) -> Picture | None:
    """A chart of the pages as SVG, for the section ``key``; None where there is nothing to draw."""
    if data is None or not data.num_rows:
        return None
    chart = draw(data, words)
    written = StringIO()
    at_width(chart, WIDTH).save(written, format="svg")
    return Picture(named_apart(written.getvalue(), key), str(chart.description))


def named_apart(svg: str, key: str) -> str:
    """An SVG whose own names begin with ``key``: many stand in one HTML, and must not point into each other."""
    svg = re.sub(r'(?<![-\w])id="([^"]+)"', rf'id="{key}_\1"', svg)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{key}_\1)", svg)


def _verdict(marts: Marts, model_name: str, words: Words) -> list[str]:
    return [
        words("note.model", model=model_name, verdict=row["verdict"])
        for row in quality.models(marts).to_pylist()
        if row["model_name"] == model_name and row["verdict"]
    ]
