with measured as (
    select * from {{ ref('score_forecast_accuracy') }}
),

final as (
    select
        series_level,
        series_id,
        horizon_weeks,
        competitor,
        weeks,
        mase,
        rmsse,
        wape,
        bias,
        coverage_80,
        coverage_95,
        is_served_model,
        model_version
    from measured
)

select * from final
