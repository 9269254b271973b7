with purchases as (
    select * from {{ ref('int_customer_purchases') }}
),

products as (
    select * from {{ ref('int_products') }}
    where non_merchandise_kind is null
),

customer_categories as (
    select
        products.category,
        purchases.customer_id,
        count(distinct purchases.ordered_on) as order_days
    from purchases
    inner join products
        on purchases.product_id = products.product_id
    group by products.category, purchases.customer_id
),

counted as (
    select
        category,
        count(*) as customers,
        sum(case when order_days >= 2 then 1 else 0 end) as repeat_customers
    from customer_categories
    group by category
),

shared as (
    select
        category,
        cast(customers as bigint) as customers,
        cast(repeat_customers as bigint) as repeat_customers,
        cast(repeat_customers as double) / cast(customers as double) as repeat_share
    from counted
),

final as (
    select
        category,
        customers,
        repeat_customers,
        repeat_share,
        repeat_share >= {{ var("repeat_category_share") }} as allows_repeats
    from shared
)

select * from final
