-- So that 0.29, which is a little less as a double, is 29 hundredths of the price.
{%- set rounding_error = 0.000001 %}

with strategies as (
    select * from {{ ref('score_strategies') }}
    where is_active
),

stated_conditions as (
    select * from {{ ref('marketing_conditions') }}
),

matches as (
    select * from {{ ref('score_marketing_matches') }}
),

customers as (
    select
        *,
        coalesce(expected_spend, 0) * (1 - {{ var("default_cost_share") }}) as expected_margin
    from {{ ref('score_marketing_customers') }}
),

habits as (
    select * from {{ ref('int_habitual_purchases') }}
),

products as (
    select
        product_id,
        product_name,
        category,
        price,
        coalesce(unit_cost / price, {{ var("default_cost_share") }}) as cost_share
    from {{ ref('score_marketing_products') }}
    where price > 0 and price >= {{ var("min_offer_price") }}
),

recommendations as (
    select * from {{ ref('score_recommendations') }}
),

intents as (
    select * from {{ ref('score_category_intents') }}
),

priced as (
    select
        *,
        greatest(floor((1 - cost_share / (1 - {{ var("min_margin") }})) * 100 + {{ rounding_error }}) / 100, 0) as allowed_discount
    from products
),

-- The first recommendation that has a price, and the first on which anything can be taken off and that is not bought anyway.
first_picks as (
    select
        recommendations.customer_id,
        min(recommendations.recommendation_rank) as first_rank,
        min(
            case when priced.allowed_discount > 0 and habits.product_id is null then recommendations.recommendation_rank end
        ) as first_discounted_rank
    from recommendations
    inner join priced
        on recommendations.product_id = priced.product_id
    left join habits
        on
            recommendations.customer_id = habits.customer_id
            and recommendations.product_id = habits.product_id
    group by recommendations.customer_id
),

segment_strategies as (
    select * from strategies
    where target_kind = 'segment'
),

segment_candidates as (
    select
        segment_strategies.*,
        matches.customer_id,
        case
            when segment_strategies.product_choice = 'none' then null
            when segment_strategies.discount_depth > 0 then first_picks.first_discounted_rank
            else first_picks.first_rank
        end as picked_rank
    from segment_strategies
    inner join matches
        on
            segment_strategies.action_id = matches.action_id
            and segment_strategies.target_id = matches.segment_name
    left join first_picks
        on matches.customer_id = first_picks.customer_id
),

segment_offers as (
    select
        segment_candidates.strategy_id,
        segment_candidates.action_id,
        segment_candidates.customer_id,
        priced.product_id,
        priced.product_name,
        priced.category,
        priced.price as product_price,
        segment_candidates.product_choice <> 'none' as needs_product,
        case
            when segment_candidates.product_choice = 'none' then segment_candidates.discount_depth
            when priced.product_id is not null then least(segment_candidates.discount_depth, priced.allowed_discount)
        end as discount_depth,
        customers.usual_weekday,
        least(
            case
                when customers.uplift is not null
                    then customers.uplift * coalesce(customers.expected_margin / nullif(customers.purchase_probability, 0), 0)
                else {{ var("default_offer_lift") }} * customers.expected_margin
            end,
            customers.expected_margin
        ) as expected_gain,
        case
            when recommendations.reason is not null then {{ dbt.concat(["segment_candidates.target_name", "'; '", "recommendations.reason"]) }}
            else segment_candidates.target_name
        end as reason
    from segment_candidates
    inner join customers
        on segment_candidates.customer_id = customers.customer_id
    left join recommendations
        on
            segment_candidates.customer_id = recommendations.customer_id
            and segment_candidates.picked_rank = recommendations.recommendation_rank
    left join priced
        on recommendations.product_id = priced.product_id
),

restricted_actions as (
    select distinct action_id
    from stated_conditions
    where subject = 'customer'
),

product_strategies as (
    select
        strategies.strategy_id,
        strategies.action_id,
        strategies.discount_depth,
        strategies.reason,
        products.*,
        row_number() over (order by strategies.strategy_id) as strategy_number,
        row_number() over (partition by strategies.action_id, products.category order by strategies.strategy_id) - 1
            as number_in_category,
        count(*) over (partition by strategies.action_id, products.category) as products_in_category,
        restricted_actions.action_id is not null as is_restricted
    from strategies
    inner join products
        on strategies.target_id = products.product_id
    left join restricted_actions
        on strategies.action_id = restricted_actions.action_id
    where strategies.target_kind = 'product'
),

restricted_matches as (
    select
        matches.action_id,
        matches.customer_id
    from matches
    inner join restricted_actions
        on matches.action_id = restricted_actions.action_id
    where matches.action_id in (select product_strategies.action_id from product_strategies)
),

-- A number that a customer keeps, so that the products of a category are spread over those who buy of it.
spread_intents as (
    select
        *,
        31 * ascii(substr({{ dbt.hash("customer_id") }}, 1, 1)) + ascii(substr({{ dbt.hash("customer_id") }}, 2, 1)) as spread_number
    from intents
),

customer_intents as (
    select
        customer_id,
        min(category_purchase_probability) as least_probability
    from intents
    group by customer_id
),

recommended as (
    select
        product_strategies.strategy_id,
        recommendations.customer_id,
        1 as is_recommended,
        -- Without categories the whole range is one.
        coalesce(intents.category_purchase_probability, customer_intents.least_probability, customers.purchase_probability, 0)
            as probability
    from recommendations
    inner join product_strategies
        on recommendations.product_id = product_strategies.product_id
    left join intents
        on
            recommendations.customer_id = intents.customer_id
            and product_strategies.category = intents.category
    left join customer_intents
        on recommendations.customer_id = customer_intents.customer_id
    left join customers
        on recommendations.customer_id = customers.customer_id
),

interested as (
    select
        product_strategies.strategy_id,
        spread_intents.customer_id,
        0 as is_recommended,
        coalesce(spread_intents.category_purchase_probability, 0) as probability
    from spread_intents
    inner join product_strategies
        on
            spread_intents.category = product_strategies.category
            and product_strategies.number_in_category = mod(spread_intents.spread_number, product_strategies.products_in_category)
),

reached as (
    select * from recommended
    union all
    select * from interested
),

valued as (
    select
        product_strategies.action_id,
        product_strategies.strategy_id,
        product_strategies.strategy_number,
        product_strategies.is_restricted,
        reached.customer_id,
        reached.is_recommended,
        round(
            {{ var("default_offer_lift") }}
            * reached.probability
            * product_strategies.price
            * greatest(1 - product_strategies.cost_share, 0),
            6
        ) as expected_gain
    from reached
    inner join product_strategies
        on reached.strategy_id = product_strategies.strategy_id
    left join habits
        on
            reached.customer_id = habits.customer_id
            and product_strategies.product_id = habits.product_id
    where
        product_strategies.discount_depth = 0
        or habits.product_id is null
),

permitted as (
    select valued.*
    from valued
    left join restricted_matches
        on
            valued.customer_id = restricted_matches.customer_id
            and valued.action_id = restricted_matches.action_id
    where
        restricted_matches.customer_id is not null
        or not valued.is_restricted
),

-- Of one action a customer gets one product. No more than the keys are sorted, for there are many rows.
best as (
    select
        strategy_id,
        customer_id,
        is_recommended,
        expected_gain,
        row_number() over (
            partition by customer_id, action_id
            order by is_recommended desc, expected_gain desc, strategy_number asc
        ) as choice
    from permitted
),

product_offers as (
    select
        product_strategies.strategy_id,
        product_strategies.action_id,
        best.customer_id,
        product_strategies.product_id,
        product_strategies.product_name,
        product_strategies.category,
        product_strategies.price as product_price,
        true as needs_product,
        product_strategies.discount_depth,
        customers.usual_weekday,
        least(best.expected_gain, customers.expected_margin) as expected_gain,
        {{ dbt.concat([
            "product_strategies.reason",
            "case when best.is_recommended = 1 then '; recommended to the customer' else '; likely to buy of the category' end",
        ]) }} as reason
    from best
    inner join product_strategies
        on best.strategy_id = product_strategies.strategy_id
    inner join customers
        on best.customer_id = customers.customer_id
    where best.choice = 1
),

offers as (
    select * from segment_offers
    union all
    select * from product_offers
),

final as (
    select
        strategy_id,
        action_id,
        customer_id,
        product_id,
        product_name,
        nullif(category, 'unknown') as category,
        product_price,
        needs_product,
        cast(discount_depth as double) as discount_depth,
        usual_weekday,
        round(expected_gain, 6) + 0 as expected_gain,
        reason
    from offers
)

select * from final
