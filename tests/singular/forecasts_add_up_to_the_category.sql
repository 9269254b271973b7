-- Products and other products add up to their category, and so do stores and other stores, to the digits that are kept.
with forecasts as (
    select * from {{ ref('sales_forecasts') }}
),

summed as (
    select
        category,
        week_starting,
        sum(case when series_level = 'category' then cast(forecast as decimal(28, 4)) else 0 end) as whole,
        sum(
            case when series_level in ('product', 'other_products') then cast(forecast as decimal(28, 4)) else 0 end
        ) as products,
        sum(
            case when series_level in ('store_category', 'other_stores') then cast(forecast as decimal(28, 4)) else 0 end
        ) as stores
    from forecasts
    where series_level <> 'total'
    group by category, week_starting
)

select *
from summed
where
    abs(whole - products) > 0.005 + 0.000000001 * whole
    or abs(whole - stores) > 0.005 + 0.000000001 * whole
