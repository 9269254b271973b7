with surges as (
    select * from {{ ref('score_surge_calendar') }}
    where surge_probability >= {{ var("surge_probability_threshold") }}
),

launches as (
    select * from {{ ref('int_launches') }}
),

clock as (
    select as_of_date from {{ ref('base_raw__clock') }}
),

dated as (
    select
        surges.product_id,
        surges.week_of_life,
        surges.surge_probability,
        cast({{ dbt.dateadd("week", "cast(surges.week_of_life - 1 as int)", "launches.launch_week") }} as date) as week_starting
    from surges
    inner join launches
        on surges.product_id = launches.product_id
),

-- Adjacent weeks of life lie equally far from their place among the product's surge weeks.
islands as (
    select
        *,
        week_of_life - row_number() over (partition by product_id order by week_of_life) as island
    from dated
    where cast({{ dbt.dateadd("day", 6, "week_starting") }} as date) > (select clock.as_of_date from clock)
),

windows as (
    select
        product_id,
        min(week_of_life) as first_week_of_life,
        max(week_of_life) as last_week_of_life,
        min(week_starting) as first_week,
        max(week_starting) as last_week,
        max(surge_probability) as peak_surge_probability,
        avg(surge_probability) as mean_surge_probability
    from islands
    group by product_id, island
),

final as (
    select
        product_id,
        cast(row_number() over (partition by product_id order by first_week) as bigint) as window_number,
        -- Of a week that has begun, the days to come.
        greatest(first_week, cast({{ dbt.dateadd("day", 1, "(select clock.as_of_date from clock)") }} as date)) as starts_on,
        cast({{ dbt.dateadd("day", 6, "last_week") }} as date) as ends_on,
        first_week_of_life,
        last_week_of_life,
        cast(last_week_of_life - first_week_of_life + 1 as bigint) as weeks,
        peak_surge_probability,
        mean_surge_probability
    from windows
)

select * from final
