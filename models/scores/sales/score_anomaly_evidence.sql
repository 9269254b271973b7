with windows as (
    select * from {{ ref('score_anomaly_windows') }}
),

forecast_weeks as (
    select * from {{ ref('int_forecast_weeks') }}
),

anomaly_products as (
    select * from {{ ref('score_anomaly_products') }}
),

own_weeks as (
    select
        windows.*,
        forecast_weeks.week_starting < windows.week_starting as is_before,
        case when forecast_weeks.promoted_share is not null then cast(forecast_weeks.units as decimal(28, 4)) end as units,
        cast(forecast_weeks.promoted_share * forecast_weeks.units as decimal(28, 4)) as promoted_units,
        cast(forecast_weeks.promotion_reach as decimal(18, 6)) as promotion_reach
    from windows
    left join forecast_weeks
        on
            windows.series_level = forecast_weeks.series_level
            and windows.series_id = forecast_weeks.series_id
            and windows.before_from <= forecast_weeks.week_starting
            and windows.seen_until >= forecast_weeks.week_starting
),

promotions as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        sum(case when not is_before then units end) as units,
        sum(case when not is_before then promoted_units end) as promoted_units,
        sum(case when is_before then units end) as units_before,
        sum(case when is_before then promoted_units end) as promoted_units_before,
        avg(case when not is_before then promotion_reach end) as promotion_reach,
        avg(case when is_before then promotion_reach end) as usual_promotion_reach
    from own_weeks
    group by series_level, series_id, week_starting, anomaly_kind
),

comparable as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        case when revenue_at_usual_price is not null then cast(revenue as decimal(28, 4)) end as revenue,
        cast(revenue_at_usual_price as decimal(28, 4)) as revenue_at_usual_price,
        -- A product that is counted and had no revenue weighs next to nothing, but not nothing.
        case
            when least_on_hand is not null then cast(greatest(revenue_before, 0.0001) as decimal(28, 4))
        end as counted_revenue,
        case
            when least_on_hand <= {{ var("anomaly_stock_units") }}
                then cast(greatest(revenue_before, 0.0001) as decimal(28, 4))
        end as stock_out_revenue,
        cast(greatest(revenue_before, 0.0001) as decimal(28, 4)) as member_revenue,
        cast(rival_price_cut as decimal(18, 6)) as rival_price_cut,
        cast(rival_price_rise as decimal(18, 6)) as rival_price_rise
    from anomaly_products
),

products as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        sum(revenue) as revenue,
        sum(revenue_at_usual_price) as revenue_at_usual_price,
        sum(counted_revenue) as counted_revenue,
        coalesce(sum(stock_out_revenue), 0) as stock_out_revenue,
        sum(member_revenue) as member_revenue,
        avg(rival_price_cut) as rival_price_cut,
        avg(rival_price_rise) as rival_price_rise
    from comparable
    group by series_level, series_id, week_starting, anomaly_kind
),

final as (
    select
        promotions.series_level,
        promotions.series_id,
        promotions.week_starting,
        promotions.anomaly_kind,
        case
            when promotions.units > 0
                then round(cast(promotions.promoted_units as double) / cast(promotions.units as double), 6)
        end as promoted_share,
        case
            when promotions.units_before > 0
                then round(cast(promotions.promoted_units_before as double) / cast(promotions.units_before as double), 6)
        end as usual_promoted_share,
        round(cast(promotions.promotion_reach as double), 6) as promotion_reach,
        round(cast(promotions.usual_promotion_reach as double), 6) as usual_promotion_reach,
        case
            -- Where more was paid back than paid there is no price.
            when products.revenue > 0 and products.revenue_at_usual_price > 0
                then round(cast(products.revenue as double) / cast(products.revenue_at_usual_price as double) - 1, 6)
        end as price_change,
        case
            when products.counted_revenue > 0
                then round(cast(products.stock_out_revenue as double) / cast(products.member_revenue as double), 6)
        end as stock_out_share,
        round(cast(products.rival_price_cut as double), 6) as rival_price_cut,
        round(cast(products.rival_price_rise as double), 6) as rival_price_rise
    from promotions
    left join products
        on
            promotions.series_level = products.series_level
            and promotions.series_id = products.series_id
            and promotions.week_starting = products.week_starting
            and promotions.anomaly_kind = products.anomaly_kind
)

select * from final
