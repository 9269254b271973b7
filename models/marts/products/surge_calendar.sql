with surges as (
    select * from {{ ref('score_surge_calendar') }}
),

launches as (
    select * from {{ ref('int_launches') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

dated as (
    select
        surges.product_id,
        surges.week_of_life,
        cast({{ dbt.dateadd("week", "cast(surges.week_of_life - 1 as int)", "launches.launch_week") }} as date)
            as week_starting,
        surges.surge_probability,
        surges.surge_probability >= {{ var("surge_probability_threshold") }} as is_surge,
        surges.probability_source,
        surges.model_version,
        clock.as_of_date
    from surges
    inner join launches
        on surges.product_id = launches.product_id
    cross join clock
),

final as (
    select
        product_id,
        week_of_life,
        week_starting,
        surge_probability,
        is_surge,
        cast({{ dbt.dateadd("day", 6, "week_starting") }} as date) > as_of_date as is_upcoming,
        probability_source,
        model_version
    from dated
)

select * from final
