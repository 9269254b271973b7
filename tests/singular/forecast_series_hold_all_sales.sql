-- What is sold in the whole weeks stands once in the total, once in the categories, once in the products and the other products of each,
-- and once in the stores.
with sold as (
    select sum(cast(product_weeks.net_revenue as decimal(28, 4))) as net_revenue
    from {{ ref('int_product_weeks') }} as product_weeks
    inner join {{ ref('int_whole_weeks') }} as whole_weeks
        on product_weeks.week_starting = whole_weeks.week_starting
),

added as (
    select
        case
            when series_level in ('product', 'other_products') then 'products'
            when series_level in ('store_category', 'other_stores') then 'stores'
            else series_level
        end as view_of_sales,
        sum(cast(net_revenue as decimal(28, 4))) as net_revenue
    from {{ ref('int_forecast_weeks') }}
    group by 1
)

select added.*
from added
cross join sold
where added.net_revenue <> sold.net_revenue
