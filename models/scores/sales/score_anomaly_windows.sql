with anomalies as (
    select * from {{ ref('score_sales_anomalies') }}
),

windows as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        cast({{ dbt.dateadd("week", "-" ~ var("active_weeks"), "week_starting") }} as date) as before_from,
        -- A shift is what lasts, so that it is explained by what lasted too.
        case
            when anomaly_kind = 'level_shift'
                then cast({{ dbt.dateadd("week", var("recent_weeks") | int - 1, "week_starting") }} as date)
            else week_starting
        end as seen_until
    from anomalies
),

final as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        before_from,
        seen_until,
        -- The same weeks a year before, to the weekday.
        cast({{ dbt.dateadd("week", -52, "before_from") }} as date) as season_from,
        cast({{ dbt.dateadd("week", -52, "week_starting") }} as date) as season_week,
        cast({{ dbt.dateadd("week", -52, "seen_until") }} as date) as season_until
    from windows
)

select * from final
