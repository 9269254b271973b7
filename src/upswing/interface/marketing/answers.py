"""What the marketing page asks of the marts about what is done: campaigns, strategies, pushes."""

from __future__ import annotations

import pyarrow as pa

from upswing.interface.marts import Marts

NORMAL_95 = 1.959963985
"""Of the standard normal distribution, so that Wilson's intervals hold in 95 of 100 cases."""


def campaigns(marts: Marts, *, segment_name: str | None = None) -> pa.Table:
    """What came of each campaign in all its weeks, in one segment or all, the newest first; the held-out aside.

    Rates have Wilson's intervals at 95 %, reckoned from the counts of the mart; the return on investment is that of
    the rows whose cost is known.
    """
    return marts.table(
        f"""
        with campaign_sums as (
            select
                campaign_id,
                any_value(coalesce(campaign_name, campaign_id)) as campaign_name,
                any_value(campaign_type) as campaign_type,
                any_value(channel) as channel,
                min(week_starting) as first_week,
                {SUMS}
            from campaign_performance
            where not is_control
            and variant <> '(untargeted)'
            and ($segment_name is null or segment_name = $segment_name)
            group by campaign_id
        )

        select
            campaign_id,
            campaign_name,
            campaign_type,
            channel,
            first_week,
            {RATES}
        from campaign_sums
        order by first_week desc, campaign_id desc
        limit 200
        """,
        segment_name=segment_name,
        z=NORMAL_95,
    )


def campaign_groups(marts: Marts, *, campaign_id: str, segment_name: str | None = None) -> pa.Table:
    """What came of one campaign by variant and segment, the held-out beside; counted as in ``campaigns``."""
    return marts.table(
        f"""
        with group_sums as (
            select
                variant,
                segment_name,
                is_control,
                {SUMS}
            from campaign_performance
            where campaign_id = $campaign_id
            and variant <> '(untargeted)'
            and ($segment_name is null or segment_name = $segment_name)
            group by variant, segment_name, is_control
        )

        select
            variant,
            segment_name,
            is_control,
            {RATES}
        from group_sums
        order by segment_name, is_control desc, variant
        limit 60
        """,
        campaign_id=campaign_id,
        segment_name=segment_name,
        z=NORMAL_95,
    )


def funnel(marts: Marts, *, campaign_id: str | None = None, segment_name: str | None = None) -> pa.Table:
    """One row: how many were reached, saw it, clicked and converted, and the rates of it; the held-out aside.

    The table is empty where the filters leave nothing.
    """
    return marts.table(
        f"""
        with all_sums as (
            select
                count(*) as performance_rows,
                count(distinct campaign_id) as campaigns,
                {SUMS}
            from campaign_performance
            where not is_control
            and variant <> '(untargeted)'
            and ($campaign_id is null or campaign_id = $campaign_id)
            and ($segment_name is null or segment_name = $segment_name)
        )

        select
            campaigns,
            {RATES}
        from all_sums
        where performance_rows > 0
        """,
        campaign_id=campaign_id,
        segment_name=segment_name,
        z=NORMAL_95,
    )


def campaign_filters(marts: Marts) -> pa.Table:
    """Campaigns and segments to choose from, the newest campaign first: ``kind``, ``id`` and ``name``."""
    return marts.table(
        """
        with campaign_names as (
            select
                'campaign' as kind,
                campaign_id as id,
                any_value(coalesce(campaign_name, campaign_id)) as name,
                max(week_starting) as newest,
            from campaign_performance
            group by campaign_id
        ),

        segment_names as (
            select distinct 'segment' as kind, segment_name as id, segment_name as name, cast(null as date) as newest
            from campaign_performance
        )

        select kind, id, name
        from (
            select * from campaign_names
            union all
            select * from segment_names
        )
        order by kind, newest desc, id
        """
    )


def strategies(
    marts: Marts, *, action_id: str | None = None, target_kind: str | None = None, is_active: bool | None = None
) -> pa.Table:
    """Actions by segment or product with what they ask, how deep they go and why; those that push most first."""
    return marts.table(
        """
        select
            action_name,
            target_kind,
            target_name,
            is_active,
            pushed_customers,
            matched_customers,
            control_customers,
            channel,
            discount_depth,
            strength,
            expected_cost,
            reason,
            inactive_reason,
            conditions,
            starts_on,
            ends_on,
            strategy_id,
        from marketing_strategies
        where ($action_id is null or action_id = $action_id)
        and ($target_kind is null or target_kind = $target_kind)
        and ($is_active is null or is_active = $is_active)
        order by is_active desc, pushed_customers desc, priority_rank, strategy_id
        limit 200
        """,
        action_id=action_id,
        target_kind=target_kind,
        is_active=is_active,
    )


def strategy_actions(marts: Marts) -> pa.Table:
    """What becomes of the customers whom an action matches; one row per action, in the order of priority.

    A customer counts once for each strategy that matches: ``matched_customers`` is the sum of the four beside it.
    """
    return marts.table(
        """
        select
            action_id,
            any_value(action_name) as action_name,
            count(*) filter (where is_active) as active_strategies,
            cast(sum(matched_customers) as bigint) as matched_customers,
            cast(sum(pushed_customers) as bigint) as pushed_customers,
            cast(sum(control_customers) as bigint) as control_customers,
            cast(sum(outranked_customers + frequency_cap_customers + over_budget_customers) as bigint)
                as outranked_customers,
            cast(sum(opted_out_customers + no_product_customers + quiet_customers + repeated_customers) as bigint)
                as unreachable_customers,
            sum(expected_cost) as expected_cost,
        from marketing_strategies
        group by action_id
        order by min(priority_rank), action_id
        """
    )


def pushes_by_day(marts: Marts, *, channel: str | None = None) -> pa.Table:
    """Pushes by day and by what becomes of them: the channel they go by, or ``held_out``."""
    return marts.table(
        """
        select
            send_on,
            case when is_control then 'held_out' else channel end as push_kind,
            count(*) as pushes,
            sum(cost) as cost,
            sum(expected_gain) as expected_gain,
        from marketing_pushes
        where $channel is null or channel = $channel
        group by send_on, push_kind
        order by send_on, push_kind
        limit 1000
        """,
        channel=channel,
    )


def push_channels(marts: Marts) -> pa.Table:
    """The channels by which pushes go."""
    return marts.table("select distinct channel from marketing_pushes order by channel")


def pushes(marts: Marts, *, channel: str | None = None, rows: int = 100) -> pa.Table:
    """The pushes that promise most, day by day, the held-out named."""
    return marts.table(
        """
        select
            send_on,
            channel,
            is_control,
            customer_id,
            action_name,
            product_name,
            message,
            reason,
            expected_gain,
            cost,
            push_id,
        from marketing_pushes
        where $channel is null or channel = $channel
        order by expected_gain desc nulls last, send_on, push_id
        limit $rows
        """,
        channel=channel,
        rows=rows,
    )


SUMS = """
cast(sum(customers) as bigint) as customers,
cast(sum(impressions) as bigint) as impressions,
cast(sum(clicks) as bigint) as clicks,
cast(sum(conversions) as bigint) as conversions,
sum(revenue) as revenue,
cast(sum(repurchases_known) as bigint) as repurchases_known,
cast(sum(repurchases) as bigint) as repurchases,
sum(cost) as cost,
sum(roi * cost) / nullif(sum(cost) filter (where roi is not null), 0) as roi,
"""
"""What adds up over the rows of campaign_performance. A row's return times its cost is its gain, and gains add up."""


def _wilson(successes: str, trials: str, name: str) -> str:
    """SQL of a rate and Wilson's interval of it, null without a trial; ``$z`` is that of the confidence."""
    rate = f"{successes} / {trials}"
    middle = f"({rate} + $z * $z / (2 * {trials}))"
    half = f"$z * sqrt({rate} * (1 - {rate}) / {trials} + $z * $z / (4 * {trials} * {trials}))"
    whole = f"(1 + $z * $z / {trials})"
    return f"""
    case when {trials} > 0 then {rate} end as {name},
    case when {trials} > 0 then greatest(({middle} - {half}) / {whole}, 0) end as {name}_lower,
    case when {trials} > 0 then least(({middle} + {half}) / {whole}, 1) end as {name}_upper,
    """


RATES = f"""
customers,
impressions,
clicks,
conversions,
{_wilson("clicks", "impressions", "ctr")}
{_wilson("conversions", "customers", "cr")}
{_wilson("repurchases", "repurchases_known", "rpr")}
revenue / nullif(conversions, 0) as apu,
revenue,
cost,
roi,
"""
"""The rates of the sums."""
