with promotion_reach as (
    select * from {{ ref('int_promotion_reach') }}
),

whole_weeks as (
    select * from {{ ref('int_whole_weeks') }}
),

final as (
    select
        series_level,
        series_id,
        week_starting,
        promotion_reach
    from promotion_reach
    where week_starting > (select max(whole_weeks.week_starting) from whole_weeks)
)

select * from final
