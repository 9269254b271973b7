with launches as (
    select * from {{ ref('int_launches') }}
    where has_launch_window
),

expectations as (
    select * from {{ ref('int_sales_expectations') }}
),

launch_weeks as (
    select * from {{ ref('int_launch_weeks') }}
    where week_of_life <= {{ var("launch_weeks") }}
),

series as (
    select
        product_id,
        {{ ordered_list("natural_units", "week_of_life") }} as natural_units,
        {{ ordered_list("promoted_units", "week_of_life") }} as promoted_units,
        {{ ordered_list("price_paid", "week_of_life") }} as price_paid,
        {{ ordered_list("stores", "week_of_life") }} as stores,
        {{ ordered_list("customers", "week_of_life") }} as customers
    from launch_weeks
    group by product_id
),

final as (
    select
        launches.product_id,
        launches.category,
        launches.launch_week,
        expectations.given_expected_units,
        launches.weeks_on_sale < {{ var("cycle_weeks") }} as is_in_cycle,
        series.natural_units,
        series.promoted_units,
        series.price_paid,
        series.stores,
        series.customers
    from launches
    inner join expectations
        on launches.product_id = expectations.product_id
    inner join series
        on launches.product_id = series.product_id
)

select * from final
