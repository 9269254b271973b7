with order_weeks as (
    select * from {{ ref('int_order_weeks') }}
),

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

non_merchandise as (
    select product_id from {{ ref('int_products') }}
    where not is_merchandise
),

-- Fees are few: to find their lines takes less than to join all lines with the products.
bought_fees as (
    select
        order_lines.order_id,
        order_lines.week_starting,
        order_lines.product_id
    from order_lines
    inner join non_merchandise
        on order_lines.product_id = non_merchandise.product_id
    group by order_lines.order_id, order_lines.week_starting, order_lines.product_id
    having
        {{ is_bought(
            "sum(cast(order_lines.quantity as decimal(18, 4)))",
            "sum(cast(order_lines.net_amount as decimal(18, 4)))",
        ) }}
),

fees as (
    select
        order_id,
        week_starting,
        count(*) as products
    from bought_fees
    group by order_id, week_starting
),

final as (
    select
        order_weeks.order_id,
        order_weeks.week_starting,
        order_weeks.customer_id,
        order_weeks.store_id,
        order_weeks.channel,
        order_weeks.ordered_on,
        order_weeks.products > coalesce(fees.products, 0) as is_purchase,
        cast(order_weeks.products - coalesce(fees.products, 0) as bigint) as products,
        order_weeks.units,
        order_weeks.revenue,
        order_weeks.promoted_revenue
    from order_weeks
    left join fees
        on
            order_weeks.order_id = fees.order_id
            and order_weeks.week_starting = fees.week_starting
)

select * from final
