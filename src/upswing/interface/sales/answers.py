"""What the page of sales asks of the marts about forecasts and anomalies."""

from __future__ import annotations

import pyarrow as pa

from upswing.interface.marts import Marts

LEVELS = ("total", "category", "product", "store_category")
"""The levels of the series that can be looked at; those of "other" products and stores only make sums add up."""

# Net revenue by week and series, as far as a mart tells it: the sum of the products' weeks. No mart holds the weeks of
# stores. The very first week is left out, for data seldom begin on a Monday. A product has no row before its first and
# after its last sale: those weeks brought 0.
HISTORY = """
        whole_weeks as (
            select week_starting
            from product_weeks
            where is_complete_week
            group by week_starting
            qualify row_number() over (order by week_starting) > 1
        ),

        sold as (
            select
                product_weeks.week_starting,
                sum(product_weeks.net_revenue) as net_revenue,
            from product_weeks
            inner join products using (product_id)
            where
                case $series_level
                    when 'total' then true
                    when 'category' then products.category = $series_id
                    when 'product' then products.product_id = $series_id
                    else false
                end
            group by product_weeks.week_starting
        ),

        history as (
            select
                whole_weeks.week_starting,
                coalesce(sold.net_revenue, 0) as actual,
            from whole_weeks
            left join sold using (week_starting)
            where exists (select 1 from sold)
        ),
"""


def sales_in_figures(marts: Marts) -> pa.Table:
    """One row: the day of the data, the next weeks' revenue, how far off the forecast was, and what needs a look."""
    return marts.table(
        """
        select
            (select max(as_of_date) from model_runs) as as_of_date,
            (select sum(forecast) from sales_forecasts where series_level = 'total') as expected_revenue,
            (select count(*) from sales_forecasts where series_level = 'total') as forecast_weeks,
            (
                select max_by(wape, weeks) from forecast_accuracy
                where series_level = 'total' and competitor = 'served'
            ) as wape,
            (select count(*) from sales_anomalies where is_new) as new_anomalies,
            (select count(*) from market_trends where direction like 'growing%') as growing_categories,
            (select count(*) from market_trends where direction like 'shrinking%') as shrinking_categories,
            (select count(*) from inventory_plan where status in ('stock_out', 'reorder_now') and store_id is null)
                as products_to_order
        """
    )


def series_to_choose(marts: Marts, *, series_level: str) -> pa.Table:
    """The series of a level that have a forecast, those that will bring the most first, with the product's name."""
    return marts.table(
        """
        select
            sales_forecasts.series_id,
            any_value(products.product_name) as product_name,
            sum(sales_forecasts.forecast) as expected_revenue,
        from sales_forecasts
        left join products using (product_id)
        where sales_forecasts.series_level = $series_level
        group by sales_forecasts.series_id
        order by expected_revenue desc, sales_forecasts.series_id
        """,
        series_level=series_level,
    )


def forecast_course(
    marts: Marts, *, series_level: str = "total", series_id: str = "total", history_weeks: int = 39
) -> pa.Table:
    """Net revenue a week of one series: what was, and what is forecast with its 80 and 95 % bounds.

    ``actual`` is null in weeks to come, and everywhere for series of stores (no mart holds their history); ``forecast``
    and its bounds are null in weeks before the forecast. No row where the series is not known.
    """
    return marts.table(
        f"""
        with {HISTORY}
        newest_history as (
            select week_starting, actual
            from history
            order by week_starting desc
            limit $history_weeks
        ),

        forecasts as (
            select week_starting, forecast, lower_80, upper_80, lower_95, upper_95, model, note
            from sales_forecasts
            where series_level = $series_level and series_id = $series_id
        )

        select
            week_starting,
            newest_history.actual,
            forecasts.forecast,
            forecasts.lower_80,
            forecasts.upper_80,
            forecasts.lower_95,
            forecasts.upper_95,
            forecasts.model,
            forecasts.note,
        from newest_history
        full outer join forecasts using (week_starting)
        where exists (select 1 from forecasts)
        order by week_starting
        """,
        series_level=series_level,
        series_id=series_id,
        history_weeks=history_weeks,
    )


def accuracy(marts: Marts, *, series_level: str = "total") -> pa.Table:
    """How far each competitor's forecasts were off on the weeks held back, over all series of a level, the best first.

    One row a competitor, over the longest horizon. Errors are medians, coverages means over its series.
    ``served_share`` is the share of them in which it was served or had a weight; ``is_comparable`` whether nine of ten
    series measured it: a candidate that ran on the easy series alone looks better than it is.
    """
    return marts.table(
        """
        with longest as (
            select *
            from forecast_accuracy
            where series_level = $series_level
            qualify weeks = max(weeks) over ()
        )

        select
            competitor,
            count(*) as series,
            max(weeks) as weeks,
            median(wape) as wape,
            median(mase) as mase,
            median(bias) as bias,
            avg(coverage_80) as coverage_80,
            avg(coverage_95) as coverage_95,
            avg(cast(is_served_model as integer)) as served_share,
            count(*) >= 0.9 * max(count(*)) over () as is_comparable,
        from longest
        group by competitor
        order by wape nulls last, competitor
        """,
        series_level=series_level,
    )


def anomalies(marts: Marts, *, anomaly_kind: str | None = None, only_new: bool = False, rows: int = 500) -> pa.Table:
    """What was out of the ordinary, the newest and then the greatest first."""
    return marts.table(
        """
        select
            sales_anomalies.week_starting,
            sales_anomalies.series_level,
            coalesce(products.product_name, sales_anomalies.series_id) as series_name,
            sales_anomalies.anomaly_kind,
            sales_anomalies.observed,
            sales_anomalies.expected,
            sales_anomalies.revenue_effect,
            sales_anomalies.weeks_affected,
            sales_anomalies.probable_cause,
            sales_anomalies.cause_evidence,
            sales_anomalies.cause_codes,
            sales_anomalies.is_new,
            sales_anomalies.series_id,
        from sales_anomalies
        left join products using (product_id)
        where
            ($anomaly_kind is null or sales_anomalies.anomaly_kind = $anomaly_kind)
            and (sales_anomalies.is_new or not $only_new)
        order by
            sales_anomalies.week_starting desc,
            abs(sales_anomalies.revenue_effect) desc,
            sales_anomalies.series_level,
            sales_anomalies.series_id,
            sales_anomalies.anomaly_kind
        limit $rows
        """,
        anomaly_kind=anomaly_kind,
        only_new=only_new,
        rows=rows,
    )


def anomalous_series(marts: Marts) -> pa.Table:
    """The series with an anomaly, those with the newest and then the greatest first."""
    return marts.table(
        """
        select
            sales_anomalies.series_level,
            sales_anomalies.series_id,
            any_value(products.product_name) as product_name,
            count(*) as anomalies,
        from sales_anomalies
        left join products using (product_id)
        group by sales_anomalies.series_level, sales_anomalies.series_id
        order by
            max(sales_anomalies.week_starting) desc,
            max(abs(sales_anomalies.revenue_effect)) desc,
            sales_anomalies.series_level,
            sales_anomalies.series_id
        """
    )


def anomaly_course(marts: Marts, *, series_level: str, series_id: str) -> pa.Table:
    """Net revenue a week of one series, and what was out of the ordinary in it.

    One row a week, or several where several kinds of anomaly fall into one week; ``observed`` and ``expected`` are
    those of the anomaly (of a level shift averages over all weeks affected), null in ordinary weeks.
    """
    return marts.table(
        f"""
        with {HISTORY}
        marks as (
            select week_starting, anomaly_kind, observed, expected, probable_cause
            from sales_anomalies
            where series_level = $series_level and series_id = $series_id
        )

        select
            history.week_starting,
            history.actual,
            marks.anomaly_kind,
            marks.observed,
            marks.expected,
            marks.probable_cause,
        from history
        left join marks using (week_starting)
        order by history.week_starting, marks.anomaly_kind
        """,
        series_level=series_level,
        series_id=series_id,
    )
