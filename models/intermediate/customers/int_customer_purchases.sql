with order_lines as (
    select * from {{ ref('int_order_lines') }}
    {% if is_incremental() -%}
    where {{ in_weeks("week_starting", touched_weeks()) }}
    {%- endif %}
),

summed as (
    select
        customer_id,
        product_id,
        ordered_on,
        week_starting,
        sum(cast(quantity as decimal(18, 4))) as units,
        sum(cast(net_amount as decimal(18, 4))) as revenue
    from order_lines
    where customer_id is not null
    group by customer_id, product_id, ordered_on, week_starting
),

final as (
    select
        customer_id,
        product_id,
        ordered_on,
        week_starting,
        cast(units as double) as units,
        cast(revenue as double) as revenue
    from summed
    where {{ is_bought("units", "revenue") }}
)

select * from final
