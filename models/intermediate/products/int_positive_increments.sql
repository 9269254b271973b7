with launches as (
    select * from {{ ref('int_launches') }}
    where is_historical
),

launch_weeks as (
    select * from {{ ref('int_launch_weeks') }}
),

expectations as (
    select * from {{ ref('int_sales_expectations') }}
),

increments as (
    select
        launch_weeks.product_id,
        launch_weeks.week_of_life > {{ var("launch_weeks") }} as is_after_launch_window,
        launch_weeks.natural_units > expectations.expected_units as is_positive,
        (launch_weeks.natural_units - expectations.expected_units)
        * (launch_weeks.natural_units - expectations.expected_units) as squared_increment
    from launches
    inner join launch_weeks
        on launches.product_id = launch_weeks.product_id
    inner join expectations
        on launches.product_id = expectations.product_id
),

-- Six decimals: what the engine's order of adding changes lies far behind them.
summed as (
    select
        product_id,
        sum(case when is_positive then 1 else 0 end) as positive_weeks,
        round(avg(case when is_positive then squared_increment end), 6) as positive_increment,
        sum(case when is_positive and is_after_launch_window then 1 else 0 end) as later_positive_weeks,
        round(avg(case when is_positive and is_after_launch_window then squared_increment end), 6)
            as later_positive_increment
    from increments
    group by product_id
),

thresholds as (
    {% if var("breakout_threshold") is not none -%}
    select cast({{ var("breakout_threshold") }} as double) as breakout_threshold
    {%- else -%}
    select
        round(
            percentile_cont({{ var("breakout_quantile") }}) within group (order by coalesce(positive_increment, 0)), 6
        ) as breakout_threshold
    from summed
    {%- endif %}
),

final as (
    select
        launches.product_id,
        launches.category,
        launches.launched_on,
        expectations.expected_units,
        expectations.expectation_source,
        cast(summed.positive_weeks as bigint) as positive_weeks,
        coalesce(summed.positive_increment, 0) as positive_increment,
        cast(summed.later_positive_weeks as bigint) as later_positive_weeks,
        coalesce(summed.later_positive_increment, 0) as later_positive_increment,
        thresholds.breakout_threshold,
        coalesce(summed.positive_increment, 0) > thresholds.breakout_threshold as is_breakout,
        coalesce(summed.later_positive_increment, 0) > thresholds.breakout_threshold as is_later_breakout
    from launches
    inner join summed
        on launches.product_id = summed.product_id
    inner join expectations
        on launches.product_id = expectations.product_id
    cross join thresholds
)

select * from final
