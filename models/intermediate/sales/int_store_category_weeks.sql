with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

product_series as (
    select * from {{ ref('int_product_series') }}
),

whole_weeks as (
    select * from {{ ref('int_whole_weeks') }}
),

summed as (
    select
        order_lines.store_id,
        product_series.category,
        order_lines.week_starting,
        sum(cast(order_lines.net_amount as decimal(18, 4))) as net_revenue,
        sum(cast(order_lines.quantity as decimal(18, 4))) as units,
        sum(case when order_lines.is_natural then 0 else cast(order_lines.quantity as decimal(18, 4)) end)
            as promoted_units
    from order_lines
    inner join whole_weeks
        on order_lines.week_starting = whole_weeks.week_starting
    inner join product_series
        on order_lines.product_id = product_series.product_id
    group by order_lines.store_id, product_series.category, order_lines.week_starting
),

final as (
    select
        store_id,
        category,
        week_starting,
        cast(net_revenue as double) as net_revenue,
        cast(units as double) as units,
        cast(promoted_units as double) as promoted_units
    from summed
)

select * from final
