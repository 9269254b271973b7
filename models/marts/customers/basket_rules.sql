with rules as (
    select * from {{ ref('score_basket_rules') }}
),

products as (
    select * from {{ ref('int_products') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

-- A condition on the rules alone inside the joins would make DuckDB compare each rule with each product.
keyed as (
    select
        *,
        case when rule_level = 'product' then antecedent end as antecedent_product_id,
        case when rule_level = 'product' then consequent end as consequent_product_id
    from rules
),

named as (
    select
        keyed.*,
        clock.as_of_date,
        coalesce(antecedent_products.product_name, keyed.antecedent) as antecedent_name,
        coalesce(consequent_products.product_name, keyed.consequent) as consequent_name
    from keyed
    left join products as antecedent_products
        on keyed.antecedent_product_id = antecedent_products.product_id
    left join products as consequent_products
        on keyed.consequent_product_id = consequent_products.product_id
    cross join clock
),

final as (
    select
        rule_level,
        antecedent,
        consequent,
        antecedent_name,
        consequent_name,
        as_of_date,
        antecedent_items,
        cast(
            row_number() over (
                partition by rule_level order by holds desc, leverage desc, lift desc, antecedent asc, consequent asc
            ) as bigint
        ) as rule_rank,
        holds,

        -- found in the earlier half
        orders,
        antecedent_orders,
        consequent_orders,
        both_orders,
        support,
        confidence,
        lift,
        leverage,
        conviction,
        improvement,
        p_value,
        adjusted_p_value,
        tested_rules,
        is_sampled,

        -- confirmed in the later half
        later_orders,
        later_antecedent_orders,
        later_consequent_orders,
        later_both_orders,
        later_support,
        later_confidence,
        later_lift,
        later_p_value,

        'Of orders with ' || antecedent_name || ', ' || cast(round(100 * confidence, 1) as string) || ' % also hold '
        || consequent_name || ', ' || cast(round(lift, 2) as string) || ' times the share of all orders; '
        || case
            when holds then 'confirmed later (' || cast(round(later_lift, 2) as string) || ' times)'
            when later_lift is null then 'not confirmed later (not seen again)'
            else 'not confirmed later (' || cast(round(later_lift, 2) as string) || ' times)'
        end as reason
    from named
)

select * from final
