with basket_lines as (
    select * from {{ ref('int_basket_lines') }}
),

category_items as (
    select * from {{ ref('int_basket_items') }}
    where rule_level = 'category'
),

baskets as (
    select distinct
        order_id,
        is_later
    from basket_lines
),

drawn as (
    select
        order_id,
        is_later,
        row_number() over (partition by is_later order by md5(order_id), order_id) as place,
        count(*) over (partition by is_later) as orders_of_half
    from baskets
),

final as (
    select
        drawn.order_id,
        drawn.is_later,
        category_items.item as category,
        drawn.orders_of_half > {{ var("max_sampled_baskets") }} as is_sampled
    from drawn
    left join category_items
        on drawn.order_id = category_items.order_id
    where drawn.place <= {{ var("max_sampled_baskets") }}
)

select * from final
