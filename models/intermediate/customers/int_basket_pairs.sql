with basket_lines as (
    select * from {{ ref('int_basket_lines') }}
),

basket_items as (
    select * from {{ ref('int_basket_items') }}
),

baskets as (
    select distinct
        order_id,
        is_later
    from basket_lines
),

halves as (
    select
        cast(sum(case when is_later then 0 else 1 end) as bigint) as orders,
        cast(sum(case when is_later then 1 else 0 end) as bigint) as later_orders
    from baskets
),

items as (
    select
        rule_level,
        item,
        item_number,
        cast(sum(case when is_later then 0 else 1 end) as bigint) as orders,
        cast(sum(case when is_later then 1 else 0 end) as bigint) as later_orders
    from basket_items
    group by rule_level, item, item_number
),

levels as (
    select
        rule_level,
        cast(count(*) * (count(*) - 1) / 2 as bigint) as tested_pairs
    from items
    group by rule_level
),

-- Item numbers of the two levels are apart, so that a product does not meet a category but by its level.
pairs as (
    select
        first_items.item_number as first_number,
        second_items.item_number as second_number,
        cast(sum(case when first_items.is_later then 0 else 1 end) as bigint) as orders,
        cast(sum(case when first_items.is_later then 1 else 0 end) as bigint) as later_orders
    from basket_items as first_items
    inner join basket_items as second_items
        on
            first_items.order_id = second_items.order_id
            and first_items.rule_level = second_items.rule_level
            and first_items.item_number < second_items.item_number
    group by first_items.item_number, second_items.item_number
    having sum(case when first_items.is_later then 0 else 1 end) >= {{ var("min_rule_orders") }}
),

final as (
    select
        first_items.rule_level,
        first_items.item as first_item,
        second_items.item as second_item,
        halves.orders,
        first_items.orders as first_orders,
        second_items.orders as second_orders,
        pairs.orders as pair_orders,
        halves.later_orders,
        first_items.later_orders as later_first_orders,
        second_items.later_orders as later_second_orders,
        pairs.later_orders as later_pair_orders,
        levels.tested_pairs
    from pairs
    inner join items as first_items
        on pairs.first_number = first_items.item_number
    inner join items as second_items
        on pairs.second_number = second_items.item_number
    inner join levels
        on first_items.rule_level = levels.rule_level
    cross join halves
)

select * from final
