with anomalies as (
    select * from {{ ref('score_sales_anomalies') }}
),

causes as (
    select * from {{ ref('score_anomaly_causes') }}
),

evidence as (
    select * from {{ ref('score_anomaly_evidence') }}
),

forecast_series as (
    select * from {{ ref('int_forecast_series') }}
),

whole_weeks as (
    select * from {{ ref('int_whole_weeks') }}
),

-- A level shift is told from a spike once it has lasted for recent_weeks weeks.
dated as (
    select
        *,
        case
            when anomaly_kind = 'level_shift'
                then cast({{ dbt.dateadd("week", var("recent_weeks") | int - 1, "week_starting") }} as date)
            else week_starting
        end as told_in
    from anomalies
),

final as (
    select
        dated.series_level,
        dated.series_id,
        forecast_series.category,
        forecast_series.product_id,
        dated.week_starting,
        dated.anomaly_kind,
        dated.observed,
        dated.expected,
        dated.revenue_effect,
        dated.weeks_affected,
        dated.score,
        dated.q_value,
        causes.probable_cause,
        causes.cause_evidence,
        causes.cause_codes,
        dated.told_in > (
            select cast({{ dbt.dateadd("week", "-" ~ var("recent_weeks"), "max(whole_weeks.week_starting)") }} as date)
            from whole_weeks
        ) as is_new,

        -- what the cause was judged by
        evidence.promoted_share,
        evidence.usual_promoted_share,
        evidence.promotion_reach,
        evidence.usual_promotion_reach,
        evidence.price_change,
        evidence.price_effect,
        evidence.stock_out_share,
        evidence.rival_price_cut,
        evidence.rival_price_rise,
        evidence.season_change
    from dated
    inner join forecast_series
        on
            dated.series_level = forecast_series.series_level
            and dated.series_id = forecast_series.series_id
    left join causes
        on
            dated.series_level = causes.series_level
            and dated.series_id = causes.series_id
            and dated.week_starting = causes.week_starting
            and dated.anomaly_kind = causes.anomaly_kind
    left join evidence
        on
            dated.series_level = evidence.series_level
            and dated.series_id = evidence.series_id
            and dated.week_starting = evidence.week_starting
            and dated.anomaly_kind = evidence.anomaly_kind
)

select * from final
