"""Quality: gates, deliveries and quarantine, drift, models, runs."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from upswing.interface import figures
from upswing.interface.frame import Page
from upswing.interface.quality import answers, charts

LAYERS = ("raw", "staging", "marts")


def show(page: Page) -> None:
    """Draw the page: its figures, and the part that is open."""
    (found,) = page.answer(answers.quality_in_figures).to_pylist()
    page.as_of(found["as_of_date"])
    page.figures(
        [
            ("failed_errors", figures.count(found["failed_errors"])),
            ("failed_warnings", figures.count(found["failed_warnings"])),
            ("quarantined", figures.count(found["rows_quarantined"])),
            ("models_drifted", figures.count(found["models_drifted"])),
            ("refits_due", figures.count(found["refits_due"])),
            ("published", figures.day(found["published_at"])),
        ]
    )
    page.parts("quality_view", VIEWS)


def show_gates(page: Page) -> None:
    """What the gates found, what failed, and whose it is."""
    page.chart("gates", charts.gates, page.answer(answers.gates))
    layer = page.choose_any("quality_layer", "layer", LAYERS)
    page.table("gate_failures", page.answer(answers.gate_failures, layer=layer))
    page.table("gate_tables", page.answer(answers.gate_tables, layer=layer))


def show_deliveries(page: Page) -> None:
    """What was delivered, and what of it was set aside and why."""
    found = page.answer(answers.deliveries)
    page.chart("deliveries", charts.deliveries, found)
    table = page.choose_any("quality_table", "table_name", sorted(found["table_name"].to_pylist()))
    page.chart("quarantine", charts.quarantine, page.answer(answers.quarantine, table_name=table))


def show_drift(page: Page) -> None:
    """Whether the models still hold."""
    states = page.answer(answers.model_states)
    page.chart("model_states", charts.model_states, states)
    page.chart("drift", charts.drift, states.filter(states["drift"].is_valid()))
    page.table(
        "model_verdicts",
        states.select(["model_name", "drift_kind", "state", "verdict", "is_refit_due", "refit_due_on", "refit_reason"]),
    )


def show_models(page: Page) -> None:
    """How the models stand beside their baselines."""
    models = page.answer(answers.models)
    page.table("models", models)
    names = models["model_name"].to_pylist()
    left, middle, right = st.columns(3)
    with left:
        model = page.choose(
            "quality_model", names, labels={name: page.words.value("model_name", name) for name in names}
        )
    if model is None:
        return
    measured = page.answer(answers.model_targets, model_name=model).to_pylist()
    with middle:
        target = page.choose("quality_target", list(dict.fromkeys(row["target_id"] for row in measured)))
    metrics = [row["metric"] for row in measured if row["target_id"] == target]
    with right:
        metric = page.choose(
            "quality_metric", metrics, labels={name: page.words.value("metric", name) for name in metrics}
        )
    if target is None or metric is None:
        page.section("competitors")
        page.empty("competitors")
        return
    page.chart(
        "competitors",
        charts.competitors,
        page.answer(answers.competitors, model_name=model, target_id=target, metric=metric),
    )


def show_runs(page: Page) -> None:
    """How runs went, what took longest, what was published."""
    statuses = page.answer(answers.run_statuses)["run_status"].to_pylist()
    status = page.choose_any("quality_status", "run_status", statuses)
    left, right = st.columns(2)
    with left:
        # What has no end yet has no duration: the table alone tells of it.
        found = page.answer(answers.runs, run_status=status)
        page.chart("runs", charts.runs, found.filter(found["duration_seconds"].is_valid()))
    with right:
        page.chart("slowest_nodes", charts.slowest_nodes, page.answer(answers.slowest_nodes))
    page.table("all_runs", found)
    page.table("publications", page.answer(answers.publications))


VIEWS: dict[str, Callable[[Page], None]] = {
    "gates": show_gates,
    "deliveries": show_deliveries,
    "drift": show_drift,
    "models": show_models,
    "runs": show_runs,
}
"""What draws each part, in the order of the tabs."""
