with clock as (
    select * from {{ ref('base_raw__clock') }}
),

numbers as (
    {{ dbt.generate_series(var("max_calendar_weeks")) }}
),

bounds as (
    select
        {{ week_of("data_begins_on") }} as first_week,
        {{ week_of("as_of_date") }} as last_week,
        as_of_date
    from clock
),

weeks as (
    select
        cast({{ dbt.dateadd("week", "cast(numbers.generated_number - 1 as int)", "bounds.first_week") }} as date)
            as week_starting,
        bounds.last_week,
        bounds.as_of_date
    from bounds
    cross join numbers
),

final as (
    select
        week_starting,
        cast({{ dbt.dateadd("day", 6, "week_starting") }} as date) <= as_of_date as is_complete_week
    from weeks
    where week_starting <= last_week
)

select * from final
