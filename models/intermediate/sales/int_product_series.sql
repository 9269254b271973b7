with product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

products as (
    select * from {{ ref('int_products') }}
),

whole_weeks as (
    select * from {{ ref('int_whole_weeks') }}
),

sold as (
    select
        product_weeks.product_id,
        count(case when product_weeks.units > 0 then 1 end) as weeks_sold,
        count(case when product_weeks.units > 0 and whole_weeks.weeks_back <= {{ var("active_weeks") }} then 1 end)
            as weeks_sold_lately,
        sum(cast(product_weeks.net_revenue as decimal(28, 4))) as net_revenue
    from product_weeks
    inner join whole_weeks
        on product_weeks.week_starting = whole_weeks.week_starting
    inner join products
        on product_weeks.product_id = products.product_id
    where
        whole_weeks.weeks_back <= {{ var("season_weeks") }}
        and products.non_merchandise_kind is null
    group by product_weeks.product_id
),

with_history as (
    select
        product_id,
        row_number() over (order by net_revenue desc, product_id asc) as revenue_rank
    from sold
    where
        weeks_sold >= {{ var("min_forecast_weeks_sold") }}
        and weeks_sold_lately > 0
        and net_revenue > 0
),

chosen as (
    select product_id
    from with_history
    where revenue_rank <= {{ var("max_forecast_products") }}
),

categorised as (
    select
        products.product_id,
        coalesce(products.category, '(none)') as category,
        chosen.product_id is not null as has_own_series
    from products
    left join chosen
        on products.product_id = chosen.product_id
),

final as (
    select
        product_id,
        category,
        case when has_own_series then 'product' else 'other_products' end as series_level,
        case when has_own_series then product_id else concat('other products of ', category) end as series_id
    from categorised
)

select * from final
