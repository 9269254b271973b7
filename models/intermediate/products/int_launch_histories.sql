with launch_windows as (
    select * from {{ ref('int_launch_windows') }}
),

launches as (
    select * from {{ ref('int_launches') }}
),

increments as (
    select * from {{ ref('int_positive_increments') }}
),

launch_weeks as (
    select * from {{ ref('int_launch_weeks') }}
    where week_of_life > {{ var("launch_weeks") }}
),

later_weeks as (
    select
        launch_weeks.product_id,
        launch_weeks.week_of_life,
        cast(case when launch_weeks.natural_units > increments.expected_units then 1 else 0 end as double) as is_surge
    from launch_weeks
    inner join increments
        on launch_weeks.product_id = increments.product_id
),

surge_series as (
    select
        product_id,
        {{ ordered_list("is_surge", "week_of_life") }} as surges
    from later_weeks
    group by product_id
),

final as (
    select
        launch_windows.product_id,
        launch_windows.category,
        launch_windows.launch_week,
        launch_windows.given_expected_units,
        launch_windows.natural_units,
        launch_windows.promoted_units,
        launch_windows.price_paid,
        launch_windows.stores,
        launch_windows.customers,
        increments.is_breakout,
        increments.is_later_breakout,
        launches.cycle_units / {{ var("cycle_weeks") }} as weekly_units,
        surge_series.surges
    from launch_windows
    inner join increments
        on launch_windows.product_id = increments.product_id
    inner join launches
        on launch_windows.product_id = launches.product_id
    inner join surge_series
        on launch_windows.product_id = surge_series.product_id
)

select * from final
