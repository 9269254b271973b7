with weeks as (
    select * from {{ ref('int_weeks') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

final as (
    select
        week_starting,
        row_number() over (order by week_starting desc) as weeks_back
    from weeks
    where
        is_complete_week
        and week_starting >= (select clock.data_begins_on from clock)
)

select * from final
