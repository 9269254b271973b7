with windows as (
    select * from {{ ref('score_anomaly_windows') }}
),

forecast_series as (
    select * from {{ ref('int_forecast_series') }}
),

forecast_weeks as (
    select * from {{ ref('int_forecast_weeks') }}
),

-- A product that was not sold a year before has the season of its category.
compared_series as (
    select
        windows.*,
        windows.series_level as season_level,
        windows.series_id as season_id
    from windows
    union all
    select
        windows.*,
        'category' as season_level,
        forecast_series.category as season_id
    from windows
    inner join forecast_series
        on
            windows.series_level = forecast_series.series_level
            and windows.series_id = forecast_series.series_id
    where windows.series_level = 'product'
),

year_before as (
    select
        compared_series.series_level,
        compared_series.series_id,
        compared_series.week_starting,
        compared_series.anomaly_kind,
        compared_series.season_level,
        count(
            case when forecast_weeks.week_starting < compared_series.season_week then 1 end
        ) as weeks_before,
        avg(
            case
                when forecast_weeks.week_starting < compared_series.season_week
                    then cast(forecast_weeks.net_revenue as decimal(18, 4))
            end
        ) as revenue_before,
        avg(
            case
                when forecast_weeks.week_starting >= compared_series.season_week
                    then cast(forecast_weeks.net_revenue as decimal(18, 4))
            end
        ) as revenue
    from compared_series
    inner join forecast_weeks
        on
            compared_series.season_level = forecast_weeks.series_level
            and compared_series.season_id = forecast_weeks.series_id
            and compared_series.season_from <= forecast_weeks.week_starting
            and compared_series.season_until >= forecast_weeks.week_starting
    group by
        compared_series.series_level,
        compared_series.series_id,
        compared_series.week_starting,
        compared_series.anomaly_kind,
        compared_series.season_level
),

measured as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        season_level,
        cast(revenue as double) / cast(revenue_before as double) - 1 as season_change
    from year_before
    where weeks_before >= {{ var("active_weeks") }} and revenue_before > 0
),

final as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        round(
            coalesce(max(case when season_level = series_level then season_change end), max(season_change)), 6
        ) as season_change
    from measured
    group by series_level, series_id, week_starting, anomaly_kind
)

select * from final
