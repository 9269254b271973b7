"""What the page of sales asks of the marts about the market, prices and stock."""

from __future__ import annotations

import pyarrow as pa

from upswing.interface.marts import Marts


def market_growth(marts: Marts, *, direction: str | None = None, rows: int = 400) -> pa.Table:
    """Categories by revenue of the last weeks: how they grow, gain share and where they are heading."""
    return marts.table(
        """
        select
            category,
            active_revenue,
            growth,
            growth_lower_95,
            growth_upper_95,
            revenue_share,
            share_change,
            momentum,
            direction,
            promoted_share,
            products_sold,
            top_product_share,
        from market_trends
        where $direction is null or direction = $direction
        order by active_revenue desc nulls last, category
        limit $rows
        """,
        direction=direction,
        rows=rows,
    )


def directions(marts: Marts) -> pa.Table:
    """The directions that categories take."""
    return marts.table("select distinct direction from market_trends where direction is not null order by direction")


def price_categories(marts: Marts) -> pa.Table:
    """The categories of which prices of competitors, or elasticities, are known."""
    return marts.table(
        """
        select category from competitor_positions where category is not null
        union
        select category from price_elasticities where category is not null
        order by category
        """
    )


def positions(marts: Marts, *, category: str | None = None) -> pa.Table:
    """How many products of ours are dearer, level or cheaper than each competitor's."""
    return marts.table(
        """
        select
            competitor,
            our_position,
            count(*) as products,
            count(*) / sum(count(*)) over (partition by competitor) as product_share,
            max(competitor_verdict) as competitor_verdict,
        from competitor_positions
        where $category is null or category = $category
        group by competitor, our_position
        order by competitor, array_position(['dearer', 'level', 'cheaper', 'not compared lately'], our_position)
        """,
        category=category,
    )


def dearest_products(marts: Marts, *, category: str | None = None, rows: int = 200) -> pa.Table:
    """Our prices beside the competitors', the dearest beside theirs first."""
    return marts.table(
        """
        select
            product_name,
            category,
            competitor,
            our_price,
            rival_price,
            price_index,
            our_position,
            compared_weeks,
            our_promotion_pressure,
            rival_promotion_pressure,
            product_id,
        from competitor_positions
        where price_index is not null and ($category is null or category = $category)
        order by price_index desc, product_id, competitor
        limit $rows
        """,
        category=category,
        rows=rows,
    )


def elasticities(marts: Marts, *, category: str | None = None, rows: int = 200) -> pa.Table:
    """How units go with the price, of the products that brought the most revenue, with the interval of 95 %."""
    return marts.table(
        """
        select
            price_elasticities.product_name,
            price_elasticities.category,
            price_elasticities.elasticity,
            price_elasticities.lower_95,
            price_elasticities.upper_95,
            price_elasticities.is_significant,
            price_elasticities.own_data_weight,
            price_elasticities.average_price,
            price_elasticities.promotion_lift,
            price_elasticities.weeks,
            price_elasticities.verdict,
            price_elasticities.product_id,
        from price_elasticities
        left join products using (product_id)
        where
            price_elasticities.elasticity is not null
            and ($category is null or price_elasticities.category = $category)
        order by products.net_revenue desc nulls last, price_elasticities.product_id
        limit $rows
        """,
        category=category,
        rows=rows,
    )


def stock_places(marts: Marts) -> pa.Table:
    """The stores whose stock is counted by itself."""
    return marts.table("select distinct store_id from inventory_plan where store_id is not null order by store_id")


def stock_categories(marts: Marts) -> pa.Table:
    """The categories of what is in stock."""
    return marts.table("select distinct category from inventory_plan where category is not null order by category")


def stock_status(marts: Marts, *, store_id: str | None = None) -> pa.Table:
    """How many products of a store, or of the whole company, stand how, and the money in them."""
    return marts.table(
        """
        select
            status,
            count(*) as products,
            coalesce(sum(money_tied_up), 0) as money_tied_up,
            coalesce(sum(order_value), 0) as order_value,
            coalesce(sum(excess_money), 0) as excess_money,
        from inventory_plan
        where store_id is not distinct from $store_id
        group by status
        order by products desc, status
        """,
        store_id=store_id,
    )


def what_to_order(
    marts: Marts,
    *,
    store_id: str | None = None,
    status: str | None = None,
    category: str | None = None,
    rows: int = 500,
) -> pa.Table:
    """The stock of a store, or of the whole company: without ``status`` what is to be ordered now, dearest first."""
    return marts.table(
        """
        select
            product_name,
            category,
            status,
            order_quantity,
            order_value,
            on_hand,
            reorder_point,
            safety_stock,
            daily_demand,
            days_of_cover,
            stockout_probability,
            reason,
            counted_on,
            product_id,
        from inventory_plan
        where
            store_id is not distinct from $store_id
            and case
                when $status is null then status in ('stock_out', 'reorder_now')
                else status = $status
            end
            and ($category is null or category = $category)
        order by order_value desc nulls last, money_tied_up desc nulls last, product_id
        limit $rows
        """,
        store_id=store_id,
        status=status,
        category=category,
        rows=rows,
    )
