with basket_lines as (
    select * from {{ ref('int_basket_lines') }}
),

products as (
    select
        'product' as rule_level,
        order_id,
        product_id as item,
        is_later
    from basket_lines
),

categories as (
    select distinct
        'category' as rule_level,
        order_id,
        category as item,
        is_later
    from basket_lines
    where category <> 'unknown'
),

items as (
    select * from products
    union all
    select * from categories
),

frequent_items as (
    select
        rule_level,
        item,
        cast(row_number() over (order by rule_level, item) as bigint) as item_number
    from items
    group by rule_level, item
    having sum(case when is_later then 0 else 1 end) >= {{ var("min_rule_orders") }}
),

final as (
    select
        items.rule_level,
        items.order_id,
        items.item,
        frequent_items.item_number,
        items.is_later
    from items
    inner join frequent_items
        on
            items.rule_level = frequent_items.rule_level
            and items.item = frequent_items.item
)

select * from final
