with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

-- Decimals add up to the same sum in whatever order the engine takes them, so that unchanged data stay unchanged.
exact_lines as (
    select
        *,
        cast(quantity as decimal(18, 4)) as exact_quantity,
        cast(net_amount as decimal(18, 4)) as exact_amount
    from order_lines
),

sold_weeks as (
    select
        product_id,
        week_starting,
        sum(case when is_natural then exact_quantity else 0 end) as natural_units,
        sum(case when is_natural then 0 else exact_quantity end) as promoted_units,
        sum(exact_quantity) as units,
        sum(exact_amount) as net_revenue,
        count(distinct store_id) as stores,
        count(distinct customer_id) as customers,
        count(distinct order_id) as orders
    from exact_lines
    group by product_id, week_starting
),

spans as (
    select
        product_id,
        min(week_starting) as first_week,
        max(week_starting) as last_week
    from sold_weeks
    group by product_id
),

filled_weeks as (
    select
        spans.product_id,
        weeks.week_starting,
        weeks.is_complete_week
    from spans
    inner join weeks
        on weeks.week_starting between spans.first_week and spans.last_week
),

final as (
    select
        filled_weeks.product_id,
        filled_weeks.week_starting,
        cast(coalesce(sold_weeks.natural_units, 0) as double) as natural_units,
        cast(coalesce(sold_weeks.promoted_units, 0) as double) as promoted_units,
        cast(coalesce(sold_weeks.units, 0) as double) as units,
        cast(coalesce(sold_weeks.net_revenue, 0) as double) as net_revenue,
        case
            when sold_weeks.units > 0
                then cast(sold_weeks.net_revenue as double) / cast(sold_weeks.units as double)
        end as price_paid,
        cast(coalesce(sold_weeks.stores, 0) as bigint) as stores,
        cast(coalesce(sold_weeks.customers, 0) as bigint) as customers,
        cast(coalesce(sold_weeks.orders, 0) as bigint) as orders,
        filled_weeks.is_complete_week
    from filled_weeks
    left join sold_weeks
        on
            filled_weeks.product_id = sold_weeks.product_id
            and filled_weeks.week_starting = sold_weeks.week_starting
)

select * from final
