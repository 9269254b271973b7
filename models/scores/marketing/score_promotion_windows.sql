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
        cast({{ dbt.dateadd("week", "cast(surges.week_of_life - 1 as int)", "launches.launch_week") }} as date) as week_starting
    from surges
    inner join launches
        on surges.product_id = launches.product_id
),

upcoming as (
    select
        *,
        week_of_life - row_number() over (partition by product_id order by week_of_life) as island
    from dated
    where cast({{ dbt.dateadd("day", 6, "week_starting") }} as date) > (select clock.as_of_date from clock)
),

windows as (
    select
        product_id,
        island,
        min(week_starting) as first_week,
        max(week_starting) as last_week
    from upcoming
    group by product_id, island
),

numbered as (
    select
        *,
        row_number() over (partition by product_id order by first_week) as window_number
    from windows
),

final as (
    select
        product_id,
        greatest(
            first_week, cast({{ dbt.dateadd("day", 1, "(select clock.as_of_date from clock)") }} as date)
        ) as starts_on,
        cast({{ dbt.dateadd("day", 6, "last_week") }} as date) as ends_on
    from numbered
    where window_number = 1
)

select * from final
