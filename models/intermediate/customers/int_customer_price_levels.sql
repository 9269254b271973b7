with purchases as (
    select
        *,
        cast(units as decimal(28, 4)) as exact_units,
        cast(revenue as decimal(28, 4)) as exact_revenue
    from {{ ref('int_customer_purchases') }}
    where revenue > 0
),

products as (
    select * from {{ ref('int_products') }}
    where category <> 'unknown' and non_merchandise_kind is null
),

bought as (
    select
        purchases.customer_id,
        products.category,
        sum(purchases.exact_units) as units,
        sum(purchases.exact_revenue) as revenue
    from purchases
    inner join products
        on purchases.product_id = products.product_id
    group by purchases.customer_id, products.category
),

usual_prices as (
    select
        category,
        cast(sum(revenue) as double) / cast(sum(units) as double) as usual_price
    from bought
    group by category
),

usual_spend as (
    select
        bought.customer_id,
        cast(bought.revenue as double) as revenue,
        cast(bought.units as double) * usual_prices.usual_price as usual_revenue
    from bought
    inner join usual_prices
        on bought.category = usual_prices.category
),

final as (
    select
        customer_id,
        round(
            cast(sum(cast(revenue as decimal(28, 4))) as double) / cast(sum(cast(usual_revenue as decimal(28, 4))) as double), 6
        ) as price_level
    from usual_spend
    group by customer_id
    having sum(cast(usual_revenue as decimal(28, 4))) > 0
)

select * from final
