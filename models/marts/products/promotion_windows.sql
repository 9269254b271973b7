with surge_calendar as (
    select * from {{ ref('surge_calendar') }}
    where is_surge and is_upcoming
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

-- Adjacent weeks of life lie equally far from their place among the product's surge weeks.
islands as (
    select
        *,
        week_of_life - row_number() over (partition by product_id order by week_of_life) as island
    from surge_calendar
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
        windows.product_id,
        cast(row_number() over (partition by windows.product_id order by windows.first_week) as bigint) as window_number,
        -- Of a week that has begun, the days to come.
        greatest(windows.first_week, cast({{ dbt.dateadd("day", 1, "clock.as_of_date") }} as date)) as starts_on,
        cast({{ dbt.dateadd("day", 6, "windows.last_week") }} as date) as ends_on,
        windows.first_week_of_life,
        windows.last_week_of_life,
        cast(windows.last_week_of_life - windows.first_week_of_life + 1 as bigint) as weeks,
        windows.peak_surge_probability,
        windows.mean_surge_probability
    from windows
    cross join clock
)

select * from final
