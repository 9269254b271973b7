with order_lines as (
    select * from {{ ref('int_order_lines') }}
    {% if is_incremental() -%}
    where {{ in_weeks("week_starting", touched_weeks()) }}
    {%- endif %}
),

exact_lines as (
    select
        *,
        cast(quantity as decimal(18, 4)) as exact_quantity,
        cast(net_amount as decimal(18, 4)) as exact_amount
    from order_lines
),

order_products as (
    select
        order_id,
        week_starting,
        product_id,
        min(customer_id) as customer_id,
        min(store_id) as store_id,
        min(channel) as channel,
        min(ordered_on) as ordered_on,
        sum(exact_quantity) as units,
        sum(exact_amount) as revenue,
        sum(case when is_natural then 0 else exact_amount end) as promoted_revenue
    from exact_lines
    group by order_id, week_starting, product_id
),

summed as (
    select
        order_id,
        week_starting,
        min(customer_id) as customer_id,
        min(store_id) as store_id,
        min(channel) as channel,
        min(ordered_on) as ordered_on,
        sum(case when {{ is_bought("units", "revenue") }} then 1 else 0 end) as products,
        sum(units) as units,
        sum(revenue) as revenue,
        sum(promoted_revenue) as promoted_revenue
    from order_products
    group by order_id, week_starting
),

final as (
    select
        order_id,
        week_starting,
        customer_id,
        store_id,
        channel,
        ordered_on,
        cast(products as bigint) as products,
        cast(units as double) as units,
        cast(revenue as double) as revenue,
        cast(promoted_revenue as double) as promoted_revenue
    from summed
)

select * from final
