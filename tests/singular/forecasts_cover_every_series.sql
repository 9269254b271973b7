-- Every series has a forecast for each of the weeks ahead.
with series as (
    select * from {{ ref('int_forecast_series') }}
),

forecasts as (
    select * from {{ ref('sales_forecasts') }}
)

select
    series.series_level,
    series.series_id,
    count(forecasts.forecast) as weeks
from series
left join forecasts
    on
        series.series_level = forecasts.series_level
        and series.series_id = forecasts.series_id
group by series.series_level, series.series_id
having count(forecasts.forecast) <> {{ var("forecast_weeks") }}
