"""What the report asks of the marts that no page asks."""

from __future__ import annotations

import pyarrow as pa

from upswing.interface.marts import Marts


def known_so_far(marts: Marts) -> pa.Table:
    """One row: the newest day that the marts know of, their publication (null where none tells), who is scored."""
    return marts.table(
        """
        select
            coalesce(
                (select max(as_of_date) from model_runs),
                (select max(as_of_date) from raw_deliveries),
                (select max(latest_observed_on) from raw_deliveries)
            ) as as_of_date,
            (select max(published_at) from publish_log) as published_at,
            (select count(*) from customer_scores) as customers_scored,
        """
    )


def sales_of_the_week(marts: Marts, *, weeks_before: int = 4) -> pa.Table:
    """The newest whole week beside the one before, and beside the mean of ``weeks_before`` weeks; no row without one.

    ``revenue_usual`` is null where fewer weeks than that are known before it. The very first week is never whole: data
    seldom begin on a Monday.
    """
    return marts.table(
        """
        with weeks as (
            select
                week_starting,
                sum(net_revenue) as revenue,
                sum(natural_units) as natural_units,
            from product_weeks
            where is_complete_week
            group by week_starting
            qualify row_number() over (order by week_starting) > 1
        ),

        compared as (
            select
                week_starting,
                revenue,
                natural_units,
                lag(revenue) over by_week as revenue_before,
                lag(natural_units) over by_week as natural_units_before,
                case when count(*) over before = $weeks_before then avg(revenue) over before end as revenue_usual,
            from weeks
            window
                by_week as (order by week_starting),
                before as (order by week_starting rows between $weeks_before preceding and 1 preceding)
        )

        select
            week_starting,
            cast(week_starting + 6 as date) as week_ending,
            revenue,
            revenue_before,
            revenue_usual,
            natural_units,
            natural_units_before,
            $weeks_before as weeks_before,
        from compared
        order by week_starting desc
        limit 1
        """,
        weeks_before=weeks_before,
    )


def windows_ahead(marts: Marts, *, days: int = 14) -> pa.Table:
    """One row: the promotion windows that are open on the day of the data or begin within ``days`` days after it."""
    return marts.table(
        """
        select
            count(*) as windows,
            count(distinct promotion_windows.product_id) as products,
            $days as days,
        from promotion_windows
        inner join breakout_products using (product_id)
        where
            breakout_products.is_breakout
            and promotion_windows.ends_on >= breakout_products.as_of_date
            and promotion_windows.starts_on <= breakout_products.as_of_date + cast($days as integer)
        """,
        days=days,
    )


def stock_in_figures(marts: Marts) -> pa.Table:
    """One row of what is to be ordered: for the whole company, and apart from it for stores that count their own."""
    return marts.table(
        """
        with to_order as (
            select *
            from inventory_plan
            where status in ('stock_out', 'reorder_now')
        )

        select
            count(*) filter (where store_id is null) as products,
            count(*) filter (where store_id is null and status = 'stock_out') as products_out_of_stock,
            sum(order_value) filter (where store_id is null) as order_value,
            count(*) filter (where store_id is not null) as store_stocks,
            count(distinct store_id) as stores,
            (select count(*) from inventory_plan where status = 'count_again') as counts_in_doubt,
            (select count(*) from inventory_plan) as stocks,
        from to_order
        """
    )


def stock_to_order(marts: Marts, *, rows: int = 10) -> pa.Table:
    """What is to be ordered, the company's before the stores', the greatest order value first."""
    return marts.table(
        """
        select
            product_name,
            store_id,
            status,
            on_hand,
            days_of_cover,
            order_quantity,
            order_value,
            product_id,
        from inventory_plan
        where status in ('stock_out', 'reorder_now')
        order by store_id is not null, order_value desc nulls last, product_id, store_id
        limit $rows
        """,
        rows=rows,
    )


def pushes_in_figures(marts: Marts) -> pa.Table:
    """One row: the pushes planned, the customers held out, the days they lie in and what they cost."""
    return marts.table(
        """
        select
            count(*) filter (where not is_control) as pushes,
            count(distinct customer_id) filter (where not is_control) as customers,
            count(distinct customer_id) filter (where is_control) as held_out,
            min(send_on) as first_day,
            max(send_on) as last_day,
            sum(cost) filter (where not is_control) as cost,
        from marketing_pushes
        """
    )


def campaigns_of_late(marts: Marts, *, weeks: int = 4) -> pa.Table:
    """One row: what the campaigns measured in the newest ``weeks`` weeks of campaigns came to, the held-out aside.

    A customer whom two campaigns or two weeks reach counts twice.
    """
    return marts.table(
        """
        with newest as (
            select *
            from campaign_performance
            where
                not is_control
                and variant <> '(untargeted)'
                and week_starting > (select max(week_starting) from campaign_performance) - cast(7 * $weeks as integer)
        )

        select
            count(distinct campaign_id) as campaigns,
            sum(customers) as customers,
            sum(conversions) as conversions,
            min(week_starting) as first_week,
            max(week_starting) as last_week,
            $weeks as weeks,
        from newest
        """,
        weeks=weeks,
    )
