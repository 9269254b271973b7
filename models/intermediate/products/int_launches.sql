with launches as (
    select * from {{ ref('int_product_launches') }}
    where launched_on is not null
),

products as (
    select * from {{ ref('int_products') }}
    where non_merchandise_kind is null
),

given_away as (
    select product_id from {{ ref('int_product_prices') }}
    where price_paid is null or price_paid < {{ var("min_offer_price") }}
),

launch_weeks as (
    select * from {{ ref('int_launch_weeks') }}
),

totals as (
    select
        product_id,
        sum(case when week_of_life <= {{ var("launch_weeks") }} then cast(natural_units as decimal(28, 4)) end)
            as launch_units,
        sum(cast(natural_units as decimal(28, 4))) as cycle_units
    from launch_weeks
    group by product_id
),

final as (
    select
        launches.product_id,
        products.category,
        launches.launched_on,
        launches.launch_week,
        launches.weeks_on_sale,
        cast(coalesce(totals.launch_units, 0) as double) as launch_units,
        cast(coalesce(totals.cycle_units, 0) as double) as cycle_units,
        coalesce(
            launches.weeks_on_sale >= {{ var("launch_weeks") }} and totals.launch_units >= {{ var("min_launch_units") }},
            false
        ) as has_launch_window,
        coalesce(
            launches.weeks_on_sale >= {{ var("cycle_weeks") }} and totals.launch_units >= {{ var("min_launch_units") }},
            false
        ) as is_historical
    from launches
    inner join products
        on launches.product_id = products.product_id
    left join given_away
        on launches.product_id = given_away.product_id
    left join totals
        on launches.product_id = totals.product_id
    where given_away.product_id is null
)

select * from final
