{%- set weeks = touched_weeks() if is_incremental() -%}

with order_lines as (
    select * from {{ ref('stg_raw__order_lines') }}
    {% if is_incremental() -%}
    where {{ in_weeks("week_starting", weeks, "ordered_at") }}
    {%- endif %}
),

promotions as (
    select * from {{ ref('stg_raw__promotions') }}
    where is_displayed or is_mailed
),

promotions_of_weeks as (
    select * from promotions
    {% if is_incremental() -%}
    where {{ in_weeks("week_starting", weeks) }}
    {%- endif %}
),

store_promotions as (
    select * from promotions_of_weeks
    where store_id is not null
),

chain_promotions as (
    select * from promotions_of_weeks
    where store_id is null
),

told_apart as (
    select
        order_lines.*,
        (
            order_lines.is_promoted
            or order_lines.coupon_amount <> 0
            or order_lines.discount_amount <> 0
            -- What is given away, or booked out for nothing, is not sold by itself.
            or order_lines.net_amount = 0
            or store_promotions.product_id is not null
            or chain_promotions.product_id is not null
        ) as was_promoted
    from order_lines
    left join store_promotions
        on
            order_lines.product_id = store_promotions.product_id
            and order_lines.store_id = store_promotions.store_id
            and order_lines.week_starting = store_promotions.week_starting
    left join chain_promotions
        on
            order_lines.product_id = chain_promotions.product_id
            and order_lines.week_starting = chain_promotions.week_starting
),

final as (
    select
        order_id,
        product_id,
        customer_id,
        store_id,
        channel,
        ordered_on,
        week_starting,
        quantity,
        net_amount,
        not was_promoted as is_natural
    from told_apart
)

select * from final
