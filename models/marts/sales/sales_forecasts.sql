with forecasts as (
    select * from {{ ref('score_sales_forecasts') }}
),

final as (
    select
        series_level,
        series_id,
        category,
        product_id,
        store_id,
        week_starting,
        horizon_week,
        model,
        forecast,
        lower_80,
        upper_80,
        lower_95,
        upper_95,
        forecast_units,
        base_forecast,
        note,
        model_version
    from forecasts
)

select * from final
