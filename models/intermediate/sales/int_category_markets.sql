with category_weeks as (
    select * from {{ ref('int_forecast_weeks') }}
    where series_level = 'category'
),

product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

products as (
    select * from {{ ref('int_products') }}
),

whole_weeks as (
    select * from {{ ref('int_whole_weeks') }}
),

-- 1: the last active_weeks whole weeks; 2: as many before.
windows as (
    select
        week_starting,
        count(*) over () as weeks,
        case
            when weeks_back <= {{ var("active_weeks") }} then 1
            when weeks_back <= {{ 2 * var("active_weeks") }} then 2
        end as nearest_window,
        weeks_back > {{ var("season_weeks") }}
        and weeks_back <= {{ var("season_weeks") + var("active_weeks") }} as is_year_before
    from whole_weeks
),

revenues as (
    select
        category_weeks.series_id as category,
        sum(case when windows.nearest_window = 1 then cast(category_weeks.net_revenue as decimal(28, 4)) else 0 end)
            as active_revenue,
        case
            when min(windows.weeks) >= {{ 2 * var("active_weeks") }}
                then sum(case when windows.nearest_window = 2 then cast(category_weeks.net_revenue as decimal(28, 4)) else 0 end)
        end as revenue_before,
        case
            when min(windows.weeks) >= {{ var("season_weeks") + var("active_weeks") }}
                then sum(case when windows.is_year_before then cast(category_weeks.net_revenue as decimal(28, 4)) else 0 end)
        end as revenue_year_before
    from category_weeks
    inner join windows
        on category_weeks.week_starting = windows.week_starting
    group by category_weeks.series_id
),

totals as (
    select
        sum(active_revenue) as active_revenue,
        sum(revenue_before) as revenue_before
    from revenues
),

active_products as (
    select
        coalesce(products.category, '(none)') as category,
        product_weeks.product_id,
        products.non_merchandise_kind,
        sum(cast(product_weeks.net_revenue as decimal(28, 4))) as net_revenue,
        sum(cast(product_weeks.units as decimal(28, 4))) as units,
        sum(cast(product_weeks.promoted_units as decimal(28, 4))) as promoted_units
    from product_weeks
    inner join windows
        on product_weeks.week_starting = windows.week_starting
    inner join products
        on product_weeks.product_id = products.product_id
    where windows.nearest_window = 1
    group by coalesce(products.category, '(none)'), product_weeks.product_id, products.non_merchandise_kind
),

-- Goods that earned something: a product with more returns than sales has no part in the mix.
earning_products as (
    select
        *,
        cast(net_revenue as double) / cast(sum(net_revenue) over (partition by category) as double) as product_share,
        row_number() over (partition by category order by net_revenue desc, product_id asc) as place
    from active_products
    where
        net_revenue > 0
        and non_merchandise_kind is null
),

mixes as (
    select
        category,
        cast(count(*) as bigint) as products_sold,
        cast(sum(cast(product_share * product_share as decimal(18, 12))) as double) as concentration,
        max(case when place = 1 then product_id end) as top_product_id,
        max(case when place = 1 then product_share end) as top_product_share
    from earning_products
    group by category
),

promotions as (
    select
        category,
        case
            when sum(units) > 0 then cast(sum(promoted_units) as double) / cast(sum(units) as double)
        end as promoted_share
    from active_products
    group by category
),

final as (
    select
        revenues.category,
        cast(revenues.active_revenue as double) as active_revenue,
        cast(revenues.revenue_before as double) as revenue_before,
        cast(revenues.revenue_year_before as double) as revenue_year_before,
        case
            when totals.active_revenue > 0 then cast(revenues.active_revenue as double) / cast(totals.active_revenue as double)
        end as revenue_share,
        case
            when totals.revenue_before > 0 then cast(revenues.revenue_before as double) / cast(totals.revenue_before as double)
        end as revenue_share_before,
        round(least(greatest(promotions.promoted_share, 0), 1), 6) as promoted_share,
        coalesce(mixes.products_sold, 0) as products_sold,
        round(mixes.concentration, 6) as concentration,
        mixes.top_product_id,
        round(mixes.top_product_share, 6) as top_product_share
    from revenues
    cross join totals
    left join mixes
        on revenues.category = mixes.category
    left join promotions
        on revenues.category = promotions.category
)

select * from final
