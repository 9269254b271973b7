"""Marketing: campaigns, experiments, strategies, pushes, adjustments, uplift, feedback."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from upswing.interface import figures
from upswing.interface.frame import Page
from upswing.interface.marketing import answers, charts, effect_answers, effect_charts

RATES = ("cr", "ctr", "rpr")
NEWEST = 12
"""Campaigns in the chart of rates; the table has them all."""

SHARES = dict.fromkeys(
    [f"{rate}{end}" for rate in RATES for end in ("", "_lower", "_upper")]
    + ["adjustment_factor", "discount_depth", "passed_share", "relative_effect", "roi", "uplift"],
    "percent",
)
"""Columns that hold shares, though their names do not end as such."""

SMALL = {"q_value": "%.2g", "split_p_value": "%.2g"}
"""Columns of which the first two decimals say nothing."""


def show(page: Page) -> None:
    """Draw the part of the page that is open."""
    page.parts("marketing_view", VIEWS)


def show_campaigns(page: Page) -> None:
    """What campaigns brought, by the campaign and the segment that are chosen."""
    filters = page.answer(answers.campaign_filters).to_pylist()
    names = {row["id"]: row["name"] for row in filters if row["kind"] == "campaign"}
    segments = [row["id"] for row in filters if row["kind"] == "segment"]
    left, middle, right = st.columns(3)
    with left:
        labels = names | {"": page.words("all")}
        campaign = page.choose("marketing_campaign", ["", *names], labels=labels) or None
    with middle:
        segment = page.choose_any("marketing_segment", "segment_name", segments)
    with right:
        rate = page.choose("marketing_rate", RATES, labels={rate: page.words(f"rates.{rate}") for rate in RATES})
    rate = rate or RATES[0]

    sums = page.answer(answers.funnel, campaign_id=campaign, segment_name=segment)
    for row in sums.to_pylist():
        page.figures(
            [
                ("reached", figures.count(row["customers"])),
                ("ctr", figures.percent(row["ctr"], 1)),
                ("cr", figures.percent(row["cr"], 1)),
                ("apu", figures.amount(row["apu"])),
                ("rpr", figures.percent(row["rpr"], 1)),
                ("roi", figures.percent(row["roi"])),
            ]
        )
    left, right = st.columns(2)
    with left:
        page.chart("funnel", charts.funnel, sums)
    with right:
        results = page.answer(answers.campaigns, segment_name=segment)
        groups = (
            results
            if campaign is None
            else page.answer(answers.campaign_groups, campaign_id=campaign, segment_name=segment)
        )
        known = groups.filter(groups[rate].is_valid())
        newest = known.slice(0, NEWEST) if campaign is None else known
        page.chart("rates", partial(charts.rates, rate=rate), newest, **SHARES)
    page.table("campaigns", results, **SHARES)


def show_experiments(page: Page) -> None:
    """What experiments found, and which may not be used."""
    measured = page.answer(effect_answers.experiment_metrics)["metric"].to_pylist()
    metrics = [metric for metric in effect_answers.METRICS if metric in measured]
    chosen = page.choose(
        "marketing_metric", metrics, labels={metric: page.words.value("metric", metric) for metric in metrics}
    )
    found = page.answer(effect_answers.experiments, metric=chosen or effect_answers.METRICS[0])
    page.chart("experiments", effect_charts.experiments, found, **SHARES)
    page.table(
        "verdicts",
        found.select(
            [
                "campaign_name",
                "variant",
                "reference_variant",
                "outcome",
                "verdict",
                "is_final",
                "passed_share",
                "q_value",
            ]
        ),
        **SHARES,
        **SMALL,
    )
    page.table("alarms", page.answer(effect_answers.experiment_alarms), **SMALL)


def show_strategies(page: Page) -> None:
    """What is offered to whom, and what becomes of the customers who match."""
    actions = page.answer(answers.strategy_actions)
    page.chart("strategy_actions", charts.strategy_actions, actions)
    names = {row["action_id"]: row["action_name"] for row in actions.to_pylist()}
    left, right = st.columns(2)
    with left:
        action = page.choose("marketing_action", ["", *names], labels=names | {"": page.words("all")}) or None
    with right:
        kind = page.choose_any("marketing_target_kind", "target_kind", ["segment", "product"])
    page.table("strategies", page.answer(answers.strategies, action_id=action, target_kind=kind), **SHARES)


def show_pushes(page: Page) -> None:
    """What goes out in the coming days."""
    channels = page.answer(answers.push_channels)["channel"].to_pylist()
    channel = page.choose_any("marketing_channel", "channel", channels)
    page.chart("pushes_by_day", charts.pushes_by_day, page.answer(answers.pushes_by_day, channel=channel))
    page.table("pushes", page.answer(answers.pushes, channel=channel))


def show_adjustments(page: Page) -> None:
    """What was adjusted, of the action that is chosen, and why."""
    actions = page.answer(effect_answers.adjusted_actions).to_pylist()
    names = {row["action_id"]: row["action_name"] or row["action_id"] for row in actions}
    action = page.choose("marketing_adjusted", list(names), labels=names)
    if action is None:
        page.empty("adjustments")
        return
    found = page.answer(effect_answers.adjustments, action_id=action)
    left, right = st.columns(2)
    with left:
        page.chart("adjustment_factors", effect_charts.adjustment_factors, found, **SHARES)
    with right:
        page.chart("strengths", effect_charts.strengths, found, **SHARES)
    page.table(
        "adjustments",
        found.select(["measured_week", "adjustment_factor", "strength_after", "decision", "reason", "decided_on"]),
        **SHARES,
    )


def show_uplift(page: Page) -> None:
    """Whom an offer moves, and how far to trust it."""
    groups = page.answer(effect_answers.uplift_groups)
    page.chart("uplift_groups", effect_charts.uplift_groups, groups, **SHARES)
    for row in page.answer(effect_answers.uplift_verdict).to_pylist():
        page.note(page.words("uplift_groups.verdict", verdict=row["verdict"]))
    group = page.choose_any("marketing_uplift_group", "uplift_group", groups["uplift_group"].to_pylist())
    page.table("most_moved", page.answer(effect_answers.most_moved, uplift_group=group), **SHARES)


def show_feedback(page: Page) -> None:
    """What customers say."""
    kinds = page.answer(effect_answers.feedback_kinds)["subject_kind"].to_pylist()
    left, right = st.columns(2)
    with left:
        kind = page.choose_any("marketing_subject_kind", "subject_kind", kinds)
    with right:
        opinion = page.choose_any("marketing_opinion", "opinion", list(effect_charts.OPINIONS))
    found = page.answer(effect_answers.feedback, subject_kind=kind, opinion=opinion)
    page.chart("feedback", effect_charts.feedback, found)
    page.table(
        "feedback_rows",
        found.select(["subject_kind", "subject_name", "reason", "top_words", "moves", "factor", "newest_answer_on"]),
    )


VIEWS: dict[str, Callable[[Page], None]] = {
    "campaigns": show_campaigns,
    "experiments": show_experiments,
    "strategies": show_strategies,
    "pushes": show_pushes,
    "adjustments": show_adjustments,
    "uplift": show_uplift,
    "feedback": show_feedback,
}
"""What draws each part, in the order of the tabs."""
