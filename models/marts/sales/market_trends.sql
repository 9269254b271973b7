with markets as (
    select * from {{ ref('int_category_markets') }}
),

trends as (
    select * from {{ ref('score_market_trends') }}
),

final as (
    select
        markets.category,
        markets.active_revenue,
        markets.revenue_before,
        case when markets.revenue_before > 0 then round(markets.active_revenue / markets.revenue_before - 1, 6) end as growth,
        trends.growth_lower_95,
        trends.growth_upper_95,
        trends.growth_p_value,
        case when markets.revenue_year_before > 0 then round(markets.active_revenue / markets.revenue_year_before - 1, 6) end
            as year_on_year,
        trends.trend_weeks,
        trends.trend_a_week,
        trends.trend_lower_95,
        trends.trend_upper_95,
        trends.trend_p_value,
        trends.trend_q_value,
        markets.revenue_share,
        markets.revenue_share_before,
        markets.revenue_share - markets.revenue_share_before as share_change,
        trends.share_trend_a_week,
        trends.share_trend_p_value,
        trends.share_trend_q_value,
        trends.seasonality_strength,
        trends.month_start_lift,
        trends.month_start_strength,
        trends.month_start_p_value,
        markets.promoted_share,
        markets.products_sold,
        markets.concentration,
        markets.top_product_id,
        markets.top_product_share,
        trends.momentum,
        trends.share_momentum,
        trends.direction
    from markets
    inner join trends
        on markets.category = trends.category
)

select * from final
