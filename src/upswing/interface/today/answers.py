"""What today's page asks of the marts."""

from __future__ import annotations

import pyarrow as pa

from upswing.interface.marts import Marts


def today_in_figures(marts: Marts) -> pa.Table:
    """One row: the day of the data, how much there is to do, and what it is worth."""
    return marts.table(
        """
        select
            (select max(as_of_date) from model_runs) as as_of_date,
            (select count(*) from breakout_products where is_breakout) as breakout_products,
            (select count(distinct product_id) from surge_calendar where is_upcoming and is_surge)
                as products_with_a_surge_ahead,
            (select count(*) from opportunity_priorities) as open_opportunities,
            (select sum(expected_value) from opportunity_priorities) as expected_value,
            (select count(*) from customer_scores where is_churn_risk) as customers_at_risk,
            (select sum(revenue_at_risk) from customer_scores where is_churn_risk) as revenue_at_risk,
            (select count(*) from marketing_pushes where not is_control) as pushes,
            (select count(*) from inventory_plan where status in ('stock_out', 'reorder_now')) as places_to_reorder
        """
    )


def what_to_push(marts: Marts, *, rows: int = 10) -> pa.Table:
    """The breakout products that come first, each with its next promotion window."""
    return marts.table(
        """
        with next_windows as (
            select
                promotion_windows.product_id,
                min(promotion_windows.starts_on) as promote_from,
                min_by(promotion_windows.ends_on, promotion_windows.starts_on) as promote_until
            from promotion_windows
            inner join breakout_products using (product_id)
            where promotion_windows.ends_on >= breakout_products.as_of_date
            group by promotion_windows.product_id
        )

        select
            breakout_products.breakout_rank,
            breakout_products.product_name,
            breakout_products.category,
            breakout_products.breakout_probability,
            next_windows.promote_from,
            next_windows.promote_until,
            breakout_products.top_reasons,
            breakout_products.top_reason_codes,
            breakout_products.product_id,
        from breakout_products
        left join next_windows using (product_id)
        where breakout_products.is_breakout
        order by breakout_products.breakout_rank
        limit $rows
        """,
        rows=rows,
    )


def whom_to_visit(marts: Marts, *, rows: int = 10) -> pa.Table:
    """The open opportunities that are to be visited first."""
    return marts.table(
        """
        select
            visit_priority,
            opportunity_id,
            owner_id,
            conversion_probability,
            amount,
            expected_value,
            visits,
            last_visited_at,
            top_reasons,
            top_reason_codes,
        from opportunity_priorities
        order by visit_priority
        limit $rows
        """,
        rows=rows,
    )


def whom_to_keep(marts: Marts, *, rows: int = 10) -> pa.Table:
    """The customers who are about to leave, those with the most revenue at risk first."""
    return marts.table(
        """
        select
            customer_id,
            churn_probability,
            revenue_at_risk,
            churn_reasons,
            churn_reason_codes,
        from customer_scores
        where is_churn_risk
        order by revenue_at_risk desc nulls last, customer_id
        limit $rows
        """,
        rows=rows,
    )


def what_broke(marts: Marts, *, rows: int = 1000) -> pa.Table:
    """What failed or is in doubt: gates, models, builds, and series that are lately out of the ordinary."""
    return marts.table(
        """
        with tables_in_doubt as (
            select
                1 as severity,
                'gate' as finding_kind,
                table_name as finding,
                failed_errors || ' error(s), ' || failed_warnings || ' warning(s)' as details,
                null as detail_codes,
                cast(checked_at as date) as found_at,
            from quality_summary
            where failed_errors + failed_warnings > 0
        ),

        models_in_doubt as (
            select
                2 as severity,
                'model' as finding_kind,
                model_name || ': ' || drift_kind as finding,
                verdict as details,
                null as detail_codes,
                cast(checked_at as date) as found_at,
            from model_health
            where is_newest and (state = 'drifted' or is_refit_due)
        ),

        last_run as (
            select
                0 as severity,
                'build' as finding_kind,
                dbt_command as finding,
                coalesce(failed_nodes, run_status) as details,
                null as detail_codes,
                cast(started_at as date) as found_at,
            from pipeline_runs
            where run_status in ('failed', 'interrupted')
            and started_at = (select max(started_at) from pipeline_runs)
        ),

        anomalies as (
            select
                3 as severity,
                'anomaly' as finding_kind,
                series_level || ' ' || series_id || ': ' || anomaly_kind as finding,
                probable_cause || coalesce(': ' || cause_evidence, '') as details,
                cause_codes as detail_codes,
                week_starting as found_at,
            from sales_anomalies
            where is_new
        )

        select finding_kind, finding, details, detail_codes, found_at
        from (
            select * from tables_in_doubt
            union all
            select * from models_in_doubt
            union all
            select * from last_run
            union all
            select * from anomalies
        )
        order by severity, found_at desc, finding
        limit $rows
        """,
        rows=rows,
    )
