with order_lines as (
    select * from {{ ref('int_order_lines') }}
    {% if is_incremental() -%}
    where {{ in_weeks("week_starting", touched_weeks()) }}
    {%- endif %}
),

-- Decimals add up to the same sum in whatever order the engine takes them, so that unchanged data stay unchanged.
exact_lines as (
    select
        *,
        cast(quantity as decimal(18, 4)) as exact_quantity,
        cast(net_amount as decimal(18, 4)) as exact_amount,
        {{ is_bought("quantity", "net_amount") }} as is_bought
    from order_lines
),

summed as (
    select
        product_id,
        week_starting,
        sum(case when is_natural then exact_quantity else 0 end) as natural_units,
        sum(case when is_natural then 0 else exact_quantity end) as promoted_units,
        sum(exact_quantity) as units,
        sum(exact_amount) as net_revenue,
        count(distinct case when is_bought then store_id end) as stores,
        count(distinct case when is_bought then customer_id end) as customers,
        count(distinct case when is_bought then order_id end) as orders,
        min(case when is_natural and is_bought then ordered_on end) as first_natural_sold_on,
        min(case when is_bought then ordered_on end) as first_sold_on,
        min(case when quantity < 0 and net_amount < 0 then ordered_on end) as first_returned_on
    from exact_lines
    group by product_id, week_starting
),

final as (
    select
        product_id,
        week_starting,
        cast(natural_units as double) as natural_units,
        cast(promoted_units as double) as promoted_units,
        cast(units as double) as units,
        cast(net_revenue as double) as net_revenue,
        case when units > 0 then cast(net_revenue as double) / cast(units as double) end as price_paid,
        cast(stores as bigint) as stores,
        cast(customers as bigint) as customers,
        cast(orders as bigint) as orders,
        first_natural_sold_on,
        first_sold_on,
        first_returned_on
    from summed
)

select * from final
