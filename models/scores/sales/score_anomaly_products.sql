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

elasticities as (
    select * from {{ ref('score_price_elasticities') }}
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
        ) as units,
        -- What the anomaly begins with: a cause comes before or with its effect.
        sum(
            case
                when product_weeks.week_starting = members.week_starting
                    then cast(product_weeks.net_revenue as decimal(18, 4))
            end
        ) as first_revenue,
        sum(
            case
                when product_weeks.week_starting = members.week_starting
                    then cast(product_weeks.units as decimal(18, 4))
            end
        ) as first_units
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
            and stock_weeks.week_starting >= cast({{ dbt.dateadd("week", -1, "members.week_starting") }} as date)
            and members.week_starting >= stock_weeks.week_starting
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
                when competitor_weeks.week_starting = members.week_starting
                    then cast(competitor_weeks.price as decimal(18, 4))
            end
        ) as first_price,
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

changed as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        product_id,
        cast(price as double) / cast(price_before as double) - 1 as price_change,
        cast(first_price as double) / cast(price_before as double) - 1 as first_price_change
    from asked
    where price_before > 0 and first_price is not null
),

rivals as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        product_id,
        min({{ lesser_change("price_change", "first_price_change") }}) as rival_price_cut,
        max({{ lesser_change("price_change", "first_price_change") }}) as rival_price_rise
    from changed
    group by series_level, series_id, week_starting, anomaly_kind, product_id
),

-- Prices paid over those of the weeks before.
paid as (
    select
        series_level,
        series_id,
        week_starting,
        anomaly_kind,
        product_id,
        cast(coalesce(revenue_before, 0) as double) as revenue_before,
        cast(revenue as double) as revenue,
        case
            when units > 0 and units_before > 0 and revenue_before > 0 and revenue > 0
                then
                    (cast(revenue as double) / cast(units as double))
                    / (cast(revenue_before as double) / cast(units_before as double)) - 1
        end as price_change,
        case
            when first_units > 0 and units_before > 0 and revenue_before > 0 and first_revenue > 0
                then
                    (cast(first_revenue as double) / cast(first_units as double))
                    / (cast(revenue_before as double) / cast(units_before as double)) - 1
        end as first_price_change
    from sold
),

priced as (
    select
        *,
        {{ lesser_change("price_change", "first_price_change") }} as lasting_price_change
    from paid
),

final as (
    select
        priced.series_level,
        priced.series_id,
        priced.week_starting,
        priced.anomaly_kind,
        priced.product_id,
        priced.revenue_before,
        priced.revenue,
        round(priced.lasting_price_change, 6) as price_change,
        case
            when priced.lasting_price_change is not null and elasticities.elasticity is not null
                then round(pow(1 + priced.lasting_price_change, 1 + least(elasticities.elasticity, 0)) - 1, 6)
        end as price_effect,
        counted.least_on_hand,
        round(rivals.rival_price_cut, 6) as rival_price_cut,
        round(rivals.rival_price_rise, 6) as rival_price_rise
    from priced
    left join elasticities
        on priced.product_id = elasticities.product_id
    left join counted
        on
            priced.series_level = counted.series_level
            and priced.series_id = counted.series_id
            and priced.week_starting = counted.week_starting
            and priced.anomaly_kind = counted.anomaly_kind
            and priced.product_id = counted.product_id
    left join rivals
        on
            priced.series_level = rivals.series_level
            and priced.series_id = rivals.series_id
            and priced.week_starting = rivals.week_starting
            and priced.anomaly_kind = rivals.anomaly_kind
            and priced.product_id = rivals.product_id
)

select * from final
