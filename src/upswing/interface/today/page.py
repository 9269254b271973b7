"""Today: what to push, whom to visit, what broke."""

from __future__ import annotations

from upswing.interface import figures
from upswing.interface.frame import Page
from upswing.interface.today import answers


def show(page: Page) -> None:
    """Draw the page."""
    (today,) = page.answer(answers.today_in_figures).to_pylist()
    broken = page.answer(answers.what_broke)
    page.as_of(today["as_of_date"])
    page.figures(
        [
            ("breakout_products", figures.count(today["breakout_products"])),
            ("products_with_a_surge_ahead", figures.count(today["products_with_a_surge_ahead"])),
            ("expected_value", figures.count(today["expected_value"])),
            ("revenue_at_risk", figures.count(today["revenue_at_risk"])),
            ("pushes", figures.count(today["pushes"])),
            ("places_to_reorder", figures.count(today["places_to_reorder"])),
            ("findings", figures.count(broken.num_rows)),
        ]
    )
    page.table("what_to_push", page.answer(answers.what_to_push))
    page.table("whom_to_visit", page.answer(answers.whom_to_visit))
    page.table("whom_to_keep", page.answer(answers.whom_to_keep))
    page.table("what_broke", broken)
