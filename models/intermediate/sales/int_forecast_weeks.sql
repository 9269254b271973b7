with product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

product_series as (
    select * from {{ ref('int_product_series') }}
),

store_category_weeks as (
    select * from {{ ref('int_store_category_weeks') }}
),

store_category_series as (
    select * from {{ ref('int_store_category_series') }}
),

whole_weeks as (
    select * from {{ ref('int_whole_weeks') }}
),

promotion_reach as (
    select * from {{ ref('int_promotion_reach') }}
),

sold_products as (
    select
        product_series.series_level,
        product_series.series_id,
        product_series.category,
        product_weeks.week_starting,
        cast(product_weeks.net_revenue as decimal(28, 4)) as net_revenue,
        cast(product_weeks.units as decimal(28, 4)) as units,
        cast(product_weeks.promoted_units as decimal(28, 4)) as promoted_units
    from product_weeks
    inner join whole_weeks
        on product_weeks.week_starting = whole_weeks.week_starting
    inner join product_series
        on product_weeks.product_id = product_series.product_id
),

-- A store that is not known is another store: null does not equal null.
sold_stores as (
    select
        store_category_series.series_level,
        store_category_series.series_id,
        store_category_weeks.week_starting,
        cast(store_category_weeks.net_revenue as decimal(28, 4)) as net_revenue,
        cast(store_category_weeks.units as decimal(28, 4)) as units,
        cast(store_category_weeks.promoted_units as decimal(28, 4)) as promoted_units
    from store_category_weeks
    inner join store_category_series
        on
            coalesce(store_category_weeks.store_id, '') = coalesce(store_category_series.store_id, '')
            and store_category_weeks.category = store_category_series.category
),

sold as (
    select
        series_level,
        series_id,
        week_starting,
        net_revenue,
        units,
        promoted_units
    from sold_products
    union all
    select
        'category' as series_level,
        category as series_id,
        week_starting,
        net_revenue,
        units,
        promoted_units
    from sold_products
    union all
    select
        'total' as series_level,
        'total' as series_id,
        week_starting,
        net_revenue,
        units,
        promoted_units
    from sold_products
    union all
    select
        series_level,
        series_id,
        week_starting,
        net_revenue,
        units,
        promoted_units
    from sold_stores
),

summed as (
    select
        series_level,
        series_id,
        week_starting,
        sum(net_revenue) as net_revenue,
        sum(units) as units,
        sum(promoted_units) as promoted_units
    from sold
    group by series_level, series_id, week_starting
),

begun as (
    select
        series_level,
        series_id,
        min(week_starting) as first_week
    from summed
    group by series_level, series_id
),

dense as (
    select
        begun.series_level,
        begun.series_id,
        whole_weeks.week_starting,
        coalesce(summed.net_revenue, 0) as net_revenue,
        coalesce(summed.units, 0) as units,
        coalesce(summed.promoted_units, 0) as promoted_units
    from begun
    inner join whole_weeks
        on begun.first_week <= whole_weeks.week_starting
    left join summed
        on
            begun.series_level = summed.series_level
            and begun.series_id = summed.series_id
            and whole_weeks.week_starting = summed.week_starting
),

before_the_week as (
    select
        *,
        sum(net_revenue) over (
            partition by series_level, series_id
            order by week_starting
            rows between {{ var("active_weeks") }} preceding and 1 preceding
        ) as revenue_before,
        sum(units) over (
            partition by series_level, series_id
            order by week_starting
            rows between {{ var("active_weeks") }} preceding and 1 preceding
        ) as units_before
    from dense
),

measured as (
    select
        series_level,
        series_id,
        week_starting,
        cast(net_revenue as double) as net_revenue,
        cast(units as double) as units,
        cast(promoted_units as double) as promoted_units,
        case when units > 0 then cast(net_revenue as double) / cast(units as double) end as price_paid,
        case when units_before > 0 and revenue_before > 0 then cast(revenue_before as double) / cast(units_before as double) end
            as price_before
    from before_the_week
),

final as (
    select
        measured.series_level,
        measured.series_id,
        measured.week_starting,
        measured.net_revenue,
        measured.units,
        case when measured.units > 0 then round(measured.promoted_units / measured.units, 6) end as promoted_share,
        case when measured.series_level = 'product' then round(measured.price_paid / measured.price_before, 6) end as price_ratio,
        promotion_reach.promotion_reach
    from measured
    left join promotion_reach
        on
            measured.series_level = promotion_reach.series_level
            and measured.series_id = promotion_reach.series_id
            and measured.week_starting = promotion_reach.week_starting
)

select * from final
