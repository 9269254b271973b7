with purchases as (
    select * from {{ ref('int_customer_purchases') }}
),

products as (
    select * from {{ ref('int_products') }}
    where non_merchandise_kind is null
),

final as (
    select
        purchases.customer_id,
        purchases.product_id,
        purchases.ordered_on,
        purchases.week_starting,
        purchases.units,
        purchases.revenue
    from purchases
    inner join products
        on purchases.product_id = products.product_id
)

select * from final
