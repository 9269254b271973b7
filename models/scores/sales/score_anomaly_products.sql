with windows as (
    select * from {{ ref('score_anomaly_windows') }}
),

product_series as (
    select * from {{ ref('int_forecast_series') }}
    where series_level = 'product'
),

product_weeks as (
    select * from {{ ref('int_forecast_weeks') }}
    where series_level = 'product'
),

stock_weeks as (
    select * from {{ ref('int_stock_weeks') }}
),

competitor_weeks as (
    select * from {{ ref('int_competitor_weeks') }}
),

members as (
    select
        windows.*,
        product_series.product_id
    from windows
    inner join product_series
        on windows.series_id = product_series.series_id
    where windows.series_level = 'product'
    union all
    select
        windows.*,
        product_series.product_id
    from windows
    inner join product_series
        on windows.series_id = product_series.category
    where windows.series_level = 'category'
),

-- Decimals add up to the same sum in whatever order the engine takes them.
sold as (
    select
        members.series_level,
        members.series_id,
        members.week_starting,
        members.anomaly_kind,
        members.product_id,
        members.before_from,
        members.seen_until,
        sum(
            case
                when product_weeks.week_starting < members.week_starting
                    then cast(product_weeks.net_revenue as decimal(28, 4))
            end
        ) as revenue_before,
        sum(
            case
                when product_weeks.week_starting < members.week_starting
                    then cast(product_weeks.units as decimal(28, 4))
            end
        ) as units_before,
        sum(
            case
                when product_weeks.week_starting >= members.week_starting
                    then cast(product_weeks.net_revenue as decimal(28, 4))
            end
        ) as revenue,
        sum(
            case
                when product_weeks.week_starting >= members.week_starting
                    then cast(product_weeks.units as decimal(28, 4))
            end
        ) as units
    from members
    left join product_weeks
        on
            members.product_id = product_weeks.series_id
            and members.before_from <= product_weeks.week_starting
            and members.seen_until >= product_weeks.week_starting
    group by
        members.series_level,
        members.series_id,
        members.week_starting,
        members.anomaly_kind,
        members.product_id,
        members.before_from,
        members.seen_until
),

counted as (
    select
        members.series_level,
        members.series_id,
        members.week_starting,
        members.anomaly_kind,
        members.product_id,
        min(stock_weeks.least_on_hand) as least_on_hand
    from members
    inner join stock_weeks
        on
            members.product_id = stock_weeks.product_id
            and members.week_starting <= stock_weeks.week_starting
            and members.seen_until >= stock_weeks.week_starting
    group by
        members.series_level, members.series_id, members.week_starting, members.anomaly_kind, members.product_id
),

asked as (
    select
        members.series_level,
        members.series_id,
        members.week_starting,
        members.anomaly_kind,
        members.product_id,
        competitor_weeks.competitor,
        avg(
            case
                when competitor_weeks.week_starting >= members.week_starting
                    then cast(competitor_weeks.price as decimal(18, 4))
            end
        ) as price,
        avg(
            case
                when competitor_weeks.week_starting < members.week_starting
                    then cast(competitor_weeks.price as decimal(18, 4))
            end
        ) as price_before
    from members
    inner join competitor_weeks
        on
            members.product_id = competitor_weeks.product_id
            and members.before_from <= competitor_weeks.week_starting
            and members.seen_until >= competitor_weeks.week_starting
    group by
        members.series_level,
        members.series_id,
        members.week_starting,
        members.anomaly_kind,
        members.product_id,
        competitor_weeks.competitor
),

rivals as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        product_id,
        min(cast(price as double) / cast(price_before as double) - 1) as rival_price_cut,
        max(cast(price as double) / cast(price_before as double) - 1) as rival_price_rise
    from asked
    where price_before > 0 and price is not null
    group by series_level, series_id, week_starting, anomaly_kind, product_id
),

final as (
    select
        sold.series_level,
        sold.series_id,
        sold.week_starting,
        sold.anomaly_kind,
        sold.product_id,
        cast(coalesce(sold.revenue_before, 0) as double) as revenue_before,
        cast(sold.revenue as double) as revenue,
        case
            when sold.units > 0 and sold.units_before > 0 and sold.revenue_before > 0
                then cast(sold.units as double) * cast(sold.revenue_before as double) / cast(sold.units_before as double)
        end as revenue_at_usual_price,
        counted.least_on_hand,
        round(rivals.rival_price_cut, 6) as rival_price_cut,
        round(rivals.rival_price_rise, 6) as rival_price_rise
    from sold
    left join counted
        on
            sold.series_level = counted.series_level
            and sold.series_id = counted.series_id
            and sold.week_starting = counted.week_starting
            and sold.anomaly_kind = counted.anomaly_kind
            and sold.product_id = counted.product_id
    left join rivals
        on
            sold.series_level = rivals.series_level
            and sold.series_id = rivals.series_id
            and sold.week_starting = rivals.week_starting
            and sold.anomaly_kind = rivals.anomaly_kind
            and sold.product_id = rivals.product_id
)

select * from final
