"""Opportunities: which deal to visit first, one opportunity's course, visits to doubt."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc
import streamlit as st

from upswing.interface import figures
from upswing.interface.frame import Answer, Page
from upswing.interface.opportunities import answers, charts

MOST_ROWS = 1000
"""Rows of a list; a filter brings the others."""

DRAWN_REPS = 20
"""Sales reps in the picture of the scorecard."""

FIELD = 420
"""Pixels of a field for an ID."""

EXPECTED = dict.fromkeys(("expected_wins", "expected_low", "expected_high", "wins_above_expected"), "%.1f")

SCORES = dict.fromkeys(("pr_auc", "roc_auc", "brier", "calibration_error"), "%.3f")


def show(page: Page) -> None:
    """Draw the page."""
    parts = {"deals": _show_deals, "doubts": _show_findings, "reps": _show_scorecard, "trust": _show_quality}
    page.parts("opportunities_view", parts)


def _show_deals(page: Page) -> None:
    said, filtered = st.columns([3, 1], vertical_alignment="bottom")
    with filtered:
        owner = page.choose_any("owner_id", "owner_id", _texts(page, answers.owners, "owner_id"))
    (known,) = page.answer(answers.open_in_figures, owner_id=owner).to_pylist()
    with said:
        page.as_of(known["as_of_date"])
    page.figures(
        [
            ("open_opportunities", figures.count(known["open_opportunities"])),
            ("expected_value", figures.count(known["expected_value"])),
            ("open_amount", figures.count(known["open_amount"])),
            ("expected_wins", figures.amount(known["expected_wins"], 1)),
        ]
    )
    listed = page.answer(answers.priorities, rows=MOST_ROWS, owner_id=owner)
    page.table("priorities", listed)
    _show_opportunity(page, listed["opportunity_id"].to_pylist())
    value = page.answer(answers.value_by_probability, owner_id=owner)
    page.chart("value_by_probability", charts.value_by_probability, value)


def _show_opportunity(page: Page, listed: list[str]) -> None:
    """The opportunity of the address, else the first one listed."""
    page.section("opportunity")
    typed = st.text_input(
        page.words("opportunity.filter"),
        help=page.words("opportunity.help"),
        placeholder=listed[0] if listed else None,
        key="opportunity",
        bind="query-params",
        width=FIELD,
    )
    chosen = (typed or "").strip() or next(iter(listed), None)
    if chosen is None:
        page.empty("priorities")
        return
    found = page.answer(answers.opportunity, opportunity_id=chosen).to_pylist()
    if not found:
        page.not_found(page.words("opportunity.unknown"))
        return
    _tell_opportunity(page, found[0])
    course = page.answer(answers.conversion_course, opportunity_id=chosen)
    if not all(course["is_out_of_sample"].to_pylist()):
        page.note(page.words("course.seen"))
    page.chart("conversion_course", charts.conversion_course, course)


def _tell_opportunity(page: Page, found: dict[str, Any]) -> None:
    words = page.words
    place = {"place": figures.count(found["visit_priority"]), "all": figures.count(found["open_opportunities"])}
    page.figures(
        [
            ("chosen_opportunity", found["opportunity_id"]),
            ("status", words.value("status", found["status"])),
            ("visit_priority", words("visit_priority.of", **place) if found["visit_priority"] else figures.MISSING),
            ("conversion_probability", figures.percent(found["conversion_probability"])),
            ("amount", figures.count(found["amount"])),
            ("value", figures.count(found["expected_value"])),
        ]
    )
    told = []
    if found["probability_source"] == "base_rate":
        told.append((words("opportunity.reasons"), words("opportunity.base_rate")))
    elif reasons := words.reasons(found, "top_reasons"):
        told.append((words("opportunity.reasons"), reasons))
    doubts = page.answer(answers.findings, rows=MOST_ROWS, opportunity_id=found["opportunity_id"]).to_pylist()
    told += [
        (words.value("finding", doubt["finding"]), f"{doubt['sales_rep_id']}: {doubt['reasons']}") for doubt in doubts
    ]
    page.tell(told)


def _show_findings(page: Page) -> None:
    (audited,) = page.answer(answers.findings_in_figures).to_pylist()
    page.figures([(key, figures.count(audited[key])) for key in audited])
    reps, kinds = st.columns(2)
    with reps:
        rep = page.choose_any("audited_rep", "sales_rep_id", _texts(page, answers.audited_reps, "sales_rep_id"))
    with kinds:
        finding = page.choose_any("visit_finding", "finding", ["fake_visits", "fruitless_visits"])
    page.table(
        "findings", page.answer(answers.findings, rows=MOST_ROWS, sales_rep_id=rep, finding=finding), evidence="%.2f"
    )


def _show_scorecard(page: Page) -> None:
    (judged,) = page.answer(answers.scorecard_in_figures).to_pylist()
    page.figures(
        [
            ("judged_opportunities", figures.count(judged["judged_opportunities"])),
            ("judged_wins", figures.count(judged["judged_wins"])),
            ("judged_expected_wins", figures.amount(judged["expected_wins"], 1)),
        ]
    )
    furthest = page.answer(answers.scorecard, rows=DRAWN_REPS)
    drawn = furthest.filter(pc.is_valid(furthest["expected_low"]))
    page.chart("scorecard", charts.scorecard, drawn)
    page.table("all_reps", page.answer(answers.scorecard, rows=MOST_ROWS), **EXPECTED)


def _show_quality(page: Page) -> None:
    page.table("probability_quality", page.answer(answers.probability_quality), **SCORES)
    for verdict in page.answer(answers.probability_verdict)["verdict"].to_pylist():
        page.say(verdict)
    page.table("audit_quality", page.answer(answers.audit_quality))


def _texts(page: Page, ask: Answer, column: str) -> list[str]:
    return [str(value) for value in page.answer(ask)[column].to_pylist()]
