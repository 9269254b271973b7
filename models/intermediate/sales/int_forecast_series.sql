with forecast_weeks as (
    select * from {{ ref('int_forecast_weeks') }}
),

product_series as (
    select * from {{ ref('int_product_series') }}
),

store_category_series as (
    select * from {{ ref('int_store_category_series') }}
),

whole_weeks as (
    select * from {{ ref('int_whole_weeks') }}
),

measured as (
    select
        forecast_weeks.series_level,
        forecast_weeks.series_id,
        min(forecast_weeks.week_starting) as first_week,
        count(case when forecast_weeks.units > 0 then 1 end) as weeks_sold,
        sum(
            case
                when whole_weeks.weeks_back <= {{ var("active_weeks") }}
                    then cast(forecast_weeks.net_revenue as decimal(28, 4))
                else 0
            end
        ) as active_revenue
    from forecast_weeks
    inner join whole_weeks
        on forecast_weeks.week_starting = whole_weeks.week_starting
    group by forecast_weeks.series_level, forecast_weeks.series_id
),

described as (
    select distinct
        series_level,
        series_id,
        category,
        case when series_level = 'product' then product_id end as product_id,
        cast(null as {{ dbt.type_string() }}) as store_id
    from product_series
    union all
    select distinct
        series_level,
        series_id,
        category,
        cast(null as {{ dbt.type_string() }}) as product_id,
        case when series_level = 'store_category' then store_id end as store_id
    from store_category_series
),

final as (
    select
        measured.series_level,
        measured.series_id,
        case when measured.series_level = 'category' then measured.series_id else described.category end as category,
        described.product_id,
        described.store_id,
        measured.first_week,
        cast(measured.weeks_sold as bigint) as weeks_sold,
        cast(measured.active_revenue as double) as active_revenue
    from measured
    left join described
        on
            measured.series_level = described.series_level
            and measured.series_id = described.series_id
)

select * from final
