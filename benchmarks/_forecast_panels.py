"""Weekly series of the built warehouse, as the benchmarks of the forecast take them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from _opportunities import table

from upswing.sales.forecast_panel import SalesPanel, sales_panel

HORIZON = 13
PLANNED = pa.schema(
    [
        ("series_level", pa.string()),
        ("series_id", pa.string()),
        ("week_starting", pa.date32()),
        ("promotion_reach", pa.float64()),
    ]
)

PRODUCT_WEEKS = """
    with sold as (
        select product_weeks.*, products.category
        from intermediate.int_product_weeks as product_weeks
        inner join intermediate.int_whole_weeks using (week_starting)
        inner join (
            select distinct product_id, category from intermediate.int_product_series
        ) as products using (product_id)
    ),

    chosen as (
        select product_id, category, min(case when units > 0 then week_starting end) as first_week
        from sold
        group by product_id, category
        having count(case when units > 0 then 1 end) >= {least_weeks} and sum(net_revenue) > 0
        order by sum(net_revenue) desc, product_id asc
        limit {most_products}
    )

    select
        'product' as series_level,
        chosen.product_id as series_id,
        chosen.category,
        weeks.week_starting,
        coalesce(sold.net_revenue, 0) as net_revenue,
        coalesce(sold.units, 0) as units,
        case when sold.units > 0 then sold.promoted_units / sold.units end as promoted_share,
        cast(null as double) as price_ratio,
        cast(null as double) as promotion_reach
    from chosen
    inner join intermediate.int_whole_weeks as weeks on weeks.week_starting >= chosen.first_week
    left join sold on sold.product_id = chosen.product_id and sold.week_starting = weeks.week_starting
"""

UPPER_WEEKS = """
    select
        series_level,
        series_id,
        case when series_level = 'category' then series_id end as category,
        week_starting,
        net_revenue,
        units,
        promoted_share,
        price_ratio,
        promotion_reach
    from intermediate.int_forecast_weeks
    where series_level in ('total', 'category')
"""

WITH_OTHERS = """
    with products as ({products}),

    uppers as ({uppers}),

    of_products as (
        select category, week_starting, sum(net_revenue) as net_revenue, sum(units) as units
        from products
        group by category, week_starting
    )

    select * from products
    union all
    select * from uppers
    union all
    select
        'other_products',
        'other products of ' || uppers.category,
        uppers.category,
        uppers.week_starting,
        uppers.net_revenue - coalesce(of_products.net_revenue, 0),
        uppers.units - coalesce(of_products.units, 0),
        cast(null as double),
        cast(null as double),
        cast(null as double)
    from uppers
    left join of_products
        on uppers.category = of_products.category and uppers.week_starting = of_products.week_starting
    where uppers.series_level = 'category'
"""


def served_panel() -> SalesPanel:
    """The series that the warehouse forecasts."""
    weeks = table("from intermediate.int_forecast_weeks")
    planned = table("from intermediate.int_planned_promotions")
    return sales_panel(table("from intermediate.int_forecast_series"), weeks, planned, HORIZON)


def many_series(number: int, least_weeks: int) -> tuple[pa.Table, pa.Table]:
    """Total, categories and their best-selling products, with a series for the rest of each category.

    Returns:
        Columns of ``int_forecast_series`` and of ``int_forecast_weeks``, of about ``number`` series.
    """
    uppers = table(
        "select count(distinct series_id) as n from intermediate.int_forecast_weeks where series_level = 'category'"
    )
    most_products = number - 1 - 2 * int(uppers["n"][0].as_py())
    products = PRODUCT_WEEKS.format(least_weeks=least_weeks, most_products=most_products)
    weeks = table(WITH_OTHERS.format(products=products, uppers=UPPER_WEEKS))
    keys = ["series_level", "series_id", "category"]
    series = weeks.group_by(keys).aggregate([("week_starting", "min")]).rename_columns([*keys, "first_week"])
    is_product = pc.equal(series["series_level"], "product")
    nothing = pa.nulls(series.num_rows, pa.string())
    series = series.append_column("product_id", pc.if_else(is_product, series["series_id"], nothing))
    return series.append_column("store_id", nothing), weeks.drop_columns(["category"])


def as_of(panel: SalesPanel, origin: int, is_promotion_known: bool) -> SalesPanel:
    """The panel as it stood after so many weeks, with the promotions of the weeks ahead as its plan, or without."""
    reach = panel.promotion_reach[:, : origin + HORIZON].copy()
    if not is_promotion_known:
        reach[:, origin:] = np.nan
    return replace(
        panel,
        weeks=panel.weeks[:origin],
        revenue=panel.revenue[:, :origin],
        promoted_share=panel.promoted_share[:, :origin],
        price_ratio=panel.price_ratio[:, :origin],
        promotion_reach=reach,
    )
