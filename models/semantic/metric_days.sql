{{ config(schema="semantic", materialized="view") }}

with weeks as (
    select * from {{ ref('int_weeks') }}
),

numbers as (
    {{ dbt.generate_series(var("max_calendar_weeks")) }}
),

weekdays as (
    {{ dbt.generate_series(7) }}
),

bounds as (
    select
        min(week_starting) as first_week,
        cast({{ dbt.dateadd("week", var("forecast_weeks"), "max(week_starting)") }} as date) as last_week
    from weeks
),

spanned as (
    select
        cast({{ dbt.dateadd("week", "cast(numbers.generated_number - 1 as int)", "bounds.first_week") }} as date)
            as week_starting,
        bounds.last_week
    from bounds
    cross join numbers
),

final as (
    select
        cast(
            {{ dbt.dateadd("day", "cast(weekdays.generated_number - 1 as int)", "spanned.week_starting") }} as date
        ) as calendar_day
    from spanned
    cross join weekdays
    where spanned.week_starting <= spanned.last_week
)

select * from final
