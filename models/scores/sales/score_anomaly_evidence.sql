with windows as (
    select * from {{ ref('score_anomaly_windows') }}
),

forecast_weeks as (
    select * from {{ ref('int_forecast_weeks') }}
),

anomaly_products as (
    select * from {{ ref('score_anomaly_products') }}
),

seasons as (
    select * from {{ ref('score_anomaly_seasons') }}
),

own_weeks as (
    select
        windows.*,
        forecast_weeks.week_starting < windows.week_starting as is_before,
        forecast_weeks.week_starting = windows.week_starting as is_first,
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

summed as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        sum(case when not is_before then units end) as units,
        sum(case when not is_before then promoted_units end) as promoted_units,
        sum(case when is_first then units end) as first_units,
        sum(case when is_first then promoted_units end) as first_promoted_units,
        sum(case when is_before then units end) as units_before,
        sum(case when is_before then promoted_units end) as promoted_units_before,
        avg(case when not is_before then promotion_reach end) as promotion_reach,
        avg(case when is_first then promotion_reach end) as first_promotion_reach,
        avg(case when is_before then promotion_reach end) as usual_promotion_reach
    from own_weeks
    group by series_level, series_id, week_starting, anomaly_kind
),

shares as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        case when units > 0 then cast(promoted_units as double) / cast(units as double) end as promoted_share,
        case
            when first_units > 0 then cast(first_promoted_units as double) / cast(first_units as double)
        end as first_promoted_share,
        case
            when units_before > 0 then cast(promoted_units_before as double) / cast(units_before as double)
        end as usual_promoted_share,
        cast(promotion_reach as double) as promotion_reach,
        cast(first_promotion_reach as double) as first_promotion_reach,
        cast(usual_promotion_reach as double) as usual_promotion_reach
    from summed
),

-- A cause of a shift holds from its first week on, so that what changed less, in it or on average, counts.
promotions as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        usual_promoted_share,
        usual_promotion_reach,
        usual_promoted_share
        + {{ lesser_change("(promoted_share - usual_promoted_share)", "(first_promoted_share - usual_promoted_share)") }}
            as lasting_promoted_share,
        usual_promotion_reach
        + {{ lesser_change("(promotion_reach - usual_promotion_reach)", "(first_promotion_reach - usual_promotion_reach)") }}
            as lasting_promotion_reach,
        promoted_share,
        promotion_reach
    from shares
),

comparable as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        -- A product that is counted and had no revenue weighs next to nothing, but not nothing.
        cast(greatest(revenue_before, 0.0001) as decimal(28, 4)) as member_revenue,
        case when price_change is not null then cast(greatest(revenue_before, 0.0001) as decimal(28, 4)) end as priced_revenue,
        cast(price_change as decimal(18, 6)) as price_change,
        cast(price_effect as decimal(18, 6)) as price_effect,
        least_on_hand,
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
        sum(member_revenue) as member_revenue,
        sum(priced_revenue) as priced_revenue,
        sum(cast(price_change * priced_revenue as decimal(28, 8))) as priced_change,
        sum(cast(price_effect * priced_revenue as decimal(28, 8))) as priced_effect,
        sum(case when least_on_hand is not null then member_revenue end) as counted_revenue,
        coalesce(sum(case when least_on_hand <= {{ var("anomaly_stock_units") }} then member_revenue end), 0) as stock_out_revenue,
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
        round(coalesce(promotions.lasting_promoted_share, promotions.promoted_share), 6) as promoted_share,
        round(promotions.usual_promoted_share, 6) as usual_promoted_share,
        round(coalesce(promotions.lasting_promotion_reach, promotions.promotion_reach), 6) as promotion_reach,
        round(promotions.usual_promotion_reach, 6) as usual_promotion_reach,
        case
            when products.priced_revenue > 0
                then round(cast(products.priced_change as double) / cast(products.priced_revenue as double), 6)
        end as price_change,
        case
            when products.member_revenue > 0
                then round(cast(products.priced_effect as double) / cast(products.member_revenue as double), 6)
        end as price_effect,
        case
            when products.counted_revenue > 0
                then round(cast(products.stock_out_revenue as double) / cast(products.member_revenue as double), 6)
        end as stock_out_share,
        round(cast(products.rival_price_cut as double), 6) as rival_price_cut,
        round(cast(products.rival_price_rise as double), 6) as rival_price_rise,
        seasons.season_change
    from promotions
    left join products
        on
            promotions.series_level = products.series_level
            and promotions.series_id = products.series_id
            and promotions.week_starting = products.week_starting
            and promotions.anomaly_kind = products.anomaly_kind
    left join seasons
        on
            promotions.series_level = seasons.series_level
            and promotions.series_id = seasons.series_id
            and promotions.week_starting = seasons.week_starting
            and promotions.anomaly_kind = seasons.anomaly_kind
)

select * from final
