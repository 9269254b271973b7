with purchases as (
    select * from {{ ref('int_customer_purchases') }}
),

products as (
    select * from {{ ref('int_products') }}
    where category <> 'unknown' and non_merchandise_kind is null
),

final as (
    select
        purchases.customer_id,
        products.category,
        purchases.ordered_on,
        cast(sum(cast(purchases.revenue as decimal(28, 4))) as double) as revenue
    from purchases
    inner join products
        on purchases.product_id = products.product_id
    group by purchases.customer_id, products.category, purchases.ordered_on
)

select * from final
