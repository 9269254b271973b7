with sold_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

launches as (
    select * from {{ ref('int_product_launches') }}
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
        case
            when filled_weeks.week_starting >= launches.launch_week
                then
                    cast(
                        {{ dbt.datediff("launches.launch_week", "filled_weeks.week_starting", "week") }} + 1 as bigint
                    )
        end as week_of_life,
        coalesce(sold_weeks.natural_units, 0) as natural_units,
        coalesce(sold_weeks.promoted_units, 0) as promoted_units,
        coalesce(sold_weeks.units, 0) as units,
        coalesce(sold_weeks.net_revenue, 0) as net_revenue,
        sold_weeks.price_paid,
        coalesce(sold_weeks.stores, 0) as stores,
        coalesce(sold_weeks.customers, 0) as customers,
        coalesce(sold_weeks.orders, 0) as orders,
        filled_weeks.is_complete_week
    from filled_weeks
    inner join launches
        on filled_weeks.product_id = launches.product_id
    left join sold_weeks
        on
            filled_weeks.product_id = sold_weeks.product_id
            and filled_weeks.week_starting = sold_weeks.week_starting
)

select * from final
