with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

products as (
    select * from {{ ref('int_products') }}
    where non_merchandise_kind is null
),

bought as (
    select
        order_lines.order_id,
        order_lines.product_id,
        products.category,
        min(order_lines.ordered_on) as ordered_on
    from order_lines
    inner join products
        on order_lines.product_id = products.product_id
    group by order_lines.order_id, order_lines.product_id, products.category
    having
        {{ is_bought(
            "sum(cast(order_lines.quantity as decimal(18, 4)))",
            "sum(cast(order_lines.net_amount as decimal(18, 4)))",
        ) }}
),

baskets as (
    select
        order_id,
        min(ordered_on) as ordered_on
    from bought
    group by order_id
    having count(*) <= {{ var("max_basket_products") }}
),

days as (
    select
        ordered_on,
        count(*) as orders
    from baskets
    group by ordered_on
),

counted_days as (
    select
        ordered_on,
        sum(orders) over (order by ordered_on rows between unbounded preceding and current row) as orders_up_to,
        sum(orders) over () as orders
    from days
),

median_day as (
    select min(ordered_on) as median_ordered_on
    from counted_days
    where 2 * orders_up_to >= orders
),

final as (
    select
        bought.order_id,
        bought.product_id,
        bought.category,
        baskets.ordered_on,
        baskets.ordered_on > median_day.median_ordered_on as is_later
    from bought
    inner join baskets
        on bought.order_id = baskets.order_id
    cross join median_day
)

select * from final
