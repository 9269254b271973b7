with product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

launches as (
    select * from {{ ref('int_product_launches') }}
),

final as (
    select
        product_weeks.product_id,
        product_weeks.week_starting,
        case
            when product_weeks.week_starting >= launches.launch_week
                then
                    cast(
                        {{ dbt.datediff("launches.launch_week", "product_weeks.week_starting", "week") }} + 1 as bigint
                    )
        end as week_of_life,
        product_weeks.natural_units,
        product_weeks.promoted_units,
        product_weeks.units,
        product_weeks.net_revenue,
        product_weeks.price_paid,
        product_weeks.stores,
        product_weeks.customers,
        product_weeks.orders,
        product_weeks.is_complete_week
    from product_weeks
    inner join launches
        on product_weeks.product_id = launches.product_id
)

select * from final
