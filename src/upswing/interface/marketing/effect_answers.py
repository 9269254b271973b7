"""What the marketing page asks of the marts about effects: experiments, adjustments, uplift, feedback."""

from __future__ import annotations

import pyarrow as pa

from upswing.interface.marts import Marts

METRICS = ("conversion_rate", "click_rate", "revenue_per_customer", "order_revenue_per_customer")
"""What an experiment may have changed; the first two are shares, the others money a customer."""


def experiments(marts: Marts, *, metric: str = METRICS[0]) -> pa.Table:
    """What each variant changed in one metric, the newest campaign first.

    ``outcome`` says it in one word: ``raises``, ``lowers``, ``not_told`` (no difference could be told), or
    ``split_wrong`` (nothing of the campaign may be used). ``effect``, ``lower`` and ``upper`` are shares from 0 to 1,
    or money a customer.
    """
    return marts.table(
        """
        select
            campaign_id,
            coalesce(campaign_name, campaign_id) as campaign_name,
            variant,
            reference_variant,
            metric,
            case
                when is_split_wrong then 'split_wrong'
                when not is_significant then 'not_told'
                when effect > 0 then 'raises'
                else 'lowers'
            end as outcome,
            effect,
            lower,
            upper,
            relative_effect,
            q_value,
            customers,
            reference_customers,
            is_held_out,
            is_final,
            passed_share,
            is_split_wrong,
            customers_in_several_variants,
            touches_without_variant,
            first_touched_on,
            verdict,
        from experiment_results
        where metric = $metric
        order by first_touched_on desc, campaign_id desc, variant
        limit 60
        """,
        metric=metric,
    )


def experiment_metrics(marts: Marts) -> pa.Table:
    """The metrics that any experiment measured."""
    return marts.table("select distinct metric from experiment_results order by metric")


def experiment_alarms(marts: Marts) -> pa.Table:
    """Experiments with a wrong split, or with customers who got several variants or none; the wrong splits first."""
    return marts.table(
        """
        select
            coalesce(campaign_name, campaign_id) as campaign_name,
            bool_or(is_split_wrong) as is_split_wrong,
            min(split_p_value) as split_p_value,
            any_value(split_source) as split_source,
            max(customers_in_several_variants) as customers_in_several_variants,
            max(touches_without_variant) as touches_without_variant,
            campaign_id,
        from experiment_results
        group by campaign_id, campaign_name
        having bool_or(is_split_wrong)
        or max(customers_in_several_variants) > 0
        or max(touches_without_variant) > 0
        order by is_split_wrong desc, campaign_id
        limit 100
        """
    )


def adjusted_actions(marts: Marts) -> pa.Table:
    """The actions with a history of adjustments, the longest first."""
    return marts.table(
        """
        select action_id, any_value(action_name) as action_name, count(*) as weeks
        from strategy_adjustments
        group by action_id
        order by weeks desc, action_id
        """
    )


def adjustments(marts: Marts, *, action_id: str | None = None) -> pa.Table:
    """The measured weeks of an action, or of all, the oldest first: factor, strength, and why.

    ``adjustment_factor`` is a share of the target (0.1: a tenth below it); a strength of 1 is the offer of the seed.
    """
    return marts.table(
        """
        select
            action_id,
            action_name,
            measured_week,
            decided_on,
            adjustment_factor,
            strength_before,
            strength_after,
            decision,
            measured_metrics,
            customers,
            conversions,
            reason,
        from strategy_adjustments
        where $action_id is null or action_id = $action_id
        order by action_id, measured_week
        limit 500
        """,
        action_id=action_id,
    )


def uplift_groups(marts: Marts) -> pa.Table:
    """The groups of customers by what an offer changes, those whom it moves most first."""
    return marts.table(
        """
        select
            uplift_group,
            count(*) as customers,
            avg(base_probability) as base_probability,
            avg(response_probability) as response_probability,
            avg(uplift) as uplift,
            sum(uplift_revenue) as uplift_revenue,
        from uplift_scores
        group by uplift_group
        order by uplift desc, uplift_group
        """
    )


def uplift_verdict(marts: Marts) -> pa.Table:
    """One row: how the model behind the uplift stands beside its baselines; empty where none was fitted."""
    return marts.table(
        """
        select verdict
        from model_runs
        where model_name = 'uplift_predictor' and is_newest
        """
    )


def most_moved(marts: Marts, *, uplift_group: str | None = None, rows: int = 50) -> pa.Table:
    """The customers whom an offer moves most, of one group or all."""
    return marts.table(
        """
        select
            uplift_rank,
            customer_id,
            uplift_group,
            uplift,
            base_probability,
            response_probability,
            uplift_revenue,
            uplift_reasons,
            uplift_reason_codes,
        from uplift_scores
        where $uplift_group is null or uplift_group = $uplift_group
        order by uplift_rank
        limit $rows
        """,
        uplift_group=uplift_group,
        rows=rows,
    )


def feedback_kinds(marts: Marts) -> pa.Table:
    """What customers answered on: products, campaigns, their types, sources of recommendations."""
    return marts.table(
        """
        select subject_kind, count(*) as subjects, cast(sum(answers) as bigint) as answers
        from feedback_signals
        group by subject_kind
        order by subject_kind
        """
    )


def feedback(marts: Marts, *, subject_kind: str | None = None, opinion: str | None = None, rows: int = 15) -> pa.Table:
    """What is told most surely of one kind of subject or all: the signals furthest from the usual by their error.

    ``signal`` lies between -1 and 1, 0 is usual; ``signal_lower`` and ``signal_upper`` are two errors away, as in the
    reasons of the mart.
    """
    return marts.table(
        """
        select
            subject_kind,
            subject_id,
            coalesce(subject_name, subject_id) as subject_name,
            signal,
            signal - 2 * signal_error as signal_lower,
            signal + 2 * signal_error as signal_upper,
            case
                when signal > 2 * signal_error then 'better'
                when signal < -2 * signal_error then 'worse'
                else 'usual'
            end as opinion,
            counted_answers,
            mean_rating,
            top_words,
            moves,
            factor,
            newest_answer_on,
            reason,
        from feedback_signals
        where ($subject_kind is null or subject_kind = $subject_kind)
        and ($opinion is null or opinion = $opinion)
        order by abs(signal) / nullif(signal_error, 0) desc nulls last, subject_kind, subject_id
        limit $rows
        """,
        subject_kind=subject_kind,
        opinion=opinion,
        rows=rows,
    )
