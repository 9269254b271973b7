-- So that 0.29, which is a little less as a double, is 29 hundredths of the price.
{%- set rounding_error = 0.000001 %}

with actions as (
    select * from {{ ref('marketing_actions') }}
),

stated_conditions as (
    select * from {{ ref('marketing_conditions') }}
),

customers as (
    select * from {{ ref('score_marketing_customers') }}
),

products as (
    select * from {{ ref('score_marketing_products') }}
),

matches as (
    select * from {{ ref('score_marketing_matches') }}
),

signals as (
    select * from {{ ref('score_feedback_signals') }}
    where subject_kind = 'campaign_type'
),

adjustments as (
    select * from {{ ref('score_strategy_adjustments') }}
),

clock as (
    select
        as_of_date,
        cast({{ dbt.dateadd("day", var("push_days"), "as_of_date") }} as date) as pushed_until
    from {{ ref('base_raw__clock') }}
),

measured as (
    select
        action_id,
        strength_after,
        row_number() over (partition by action_id order by decided_on desc, measured_week desc) as newest
    from adjustments
),

timed_actions as (
    select distinct action_id
    from stated_conditions
    where feature = 'has_promotion_window'
),

-- Customers' answers move an action up or down among the others.
moved as (
    select
        actions.action_id,
        cast(
            row_number() over (
                order by
                    case when signals.factor = 0 then 1 else 0 end asc,
                    round(actions.priority / coalesce(nullif(signals.factor, 0), 1), 6) asc,
                    actions.priority asc,
                    actions.action_id asc
            ) as bigint
        ) as priority_rank,
        coalesce(measured.strength_after, 1) as strength,
        timed_actions.action_id is not null as is_timed
    from actions
    left join measured
        on
            actions.action_id = measured.action_id
            and measured.newest = 1
    left join signals
        on coalesce(actions.campaign_type, actions.action_id) = signals.subject_id
    left join timed_actions
        on actions.action_id = timed_actions.action_id
),

segments as (
    select segment_name
    from customers
    group by segment_name
),

matched_segments as (
    select
        action_id,
        segment_name,
        count(*) as customers
    from matches
    group by action_id, segment_name
),

customer_strategies as (
    select
        actions.action_id,
        'segment' as target_kind,
        segments.segment_name as target_id,
        segments.segment_name as target_name,
        actions.discount_depth as base_discount,
        -- The product of each push has a floor of its own.
        case when actions.product_choice = 'none' then 1 - {{ var("default_cost_share") }} / (1 - {{ var("min_margin") }}) else 1 end
            as most_discount,
        case when actions.product_choice = 'none' then 'default_cost_share' else 'of the product of each push' end as cost_source,
        cast(null as date) as starts_on,
        cast(null as date) as ends_on,
        case
            when coalesce(matched_segments.customers, 0) = 0 then 'no customer of the segment meets its conditions'
        end as missing,
        cast(0 as double) as at_stake,
        {{ dbt.concat(["cast(coalesce(matched_segments.customers, 0) as string)", "' customers of the segment meet its conditions'"]) }} as reason
    from actions
    cross join segments
    left join matched_segments
        on
            actions.action_id = matched_segments.action_id
            and segments.segment_name = matched_segments.segment_name
    where actions.audience = 'customers'
),

product_actions as (
    select * from actions
    where audience = 'products'
),

product_conditions as (
    {{ marketing_conditions_asked("product", "stated_conditions", "product_actions") | indent(4) }}
),

{{ marketing_matches("product", "products", "product_id", "product_conditions") }},

product_strategies as (
    select
        product_actions.action_id,
        'product' as target_kind,
        products.product_id as target_id,
        coalesce(products.product_name, products.product_id) as target_name,
        case
            when product_actions.offer_kind = 'price_match'
                then greatest(coalesce(1 - products.rival_price / products.our_price, 0), product_actions.discount_depth)
            else product_actions.discount_depth
        end as base_discount,
        1
        - coalesce(products.unit_cost / products.price, {{ var("default_cost_share") }}) / (1 - {{ var("min_margin") }})
            as most_discount,
        case when products.unit_cost is not null then 'unit cost' else 'default_cost_share' end as cost_source,
        case
            when moved.is_timed
                then cast({{ dbt.dateadd("day", -1 * var("promotion_lead_days"), "products.window_starts_on") }} as date)
        end as starts_on,
        case when moved.is_timed then products.window_ends_on end as ends_on,
        case
            when products.price is null then 'no price of the product is known'
            when products.price < {{ var("min_offer_price") }} then 'its price is below min_offer_price'
        end as missing,
        case
            when product_actions.offer_kind = 'clearance' then coalesce(products.stock_value, 0)
            else coalesce(products.units_active * products.price, 0)
        end as at_stake,
        case
            when product_actions.offer_kind = 'price_match'
                then
                    {{ dbt.concat([
                        "products.cheapest_rival",
                        "' asks '",
                        "cast(cast(products.rival_price as decimal(18, 2)) as string)",
                        "', we '",
                        "cast(cast(products.our_price as decimal(18, 2)) as string)",
                    ]) }}
            when product_actions.offer_kind = 'clearance'
                then
                    {{ dbt.concat([
                        "products.stock_status",
                        "': '",
                        "cast(cast(products.on_hand as decimal(18, 0)) as string)",
                        "' on hand'",
                    ]) }}
            when moved.is_timed
                then
                    {{ dbt.concat([
                        "'promotion window from '",
                        "cast(products.window_starts_on as string)",
                        "' to '",
                        "cast(products.window_ends_on as string)",
                    ]) }}
            else 'meets its conditions'
        end as reason
    from matched
    inner join product_actions
        on matched.action_id = product_actions.action_id
    inner join moved
        on matched.action_id = moved.action_id
    inner join products
        on matched.product_id = products.product_id
),

strategies as (
    select * from customer_strategies
    union all
    select * from product_strategies
),

wanted as (
    select
        strategies.*,
        actions.action_name,
        actions.is_enabled,
        actions.channel,
        actions.other_channel,
        actions.offer_kind,
        actions.product_choice,
        actions.max_discount,
        cast(actions.repeat_after_days as bigint) as repeat_after_days,
        actions.weekly_budget,
        actions.control_share,
        coalesce(actions.campaign_type, actions.action_id) as campaign_type,
        actions.message_en,
        actions.message_zh,
        moved.priority_rank,
        moved.strength,
        round(least(strategies.base_discount * moved.strength, actions.max_discount), 2) as wanted_discount,
        greatest(floor(strategies.most_discount * 100 + {{ rounding_error }}) / 100, 0) as allowed_discount
    from strategies
    inner join actions
        on strategies.action_id = actions.action_id
    inner join moved
        on strategies.action_id = moved.action_id
),

judged as (
    select
        *,
        case
            when not is_enabled then 'switched off in marketing_actions'
            when missing is not null then missing
            when wanted_discount > 0 and allowed_discount = 0 then 'no discount would leave the least margin'
            when starts_on > (select clock.pushed_until from clock)
                then {{ dbt.concat(["'begins on '", "cast(starts_on as string)"]) }}
            when ends_on <= (select clock.as_of_date from clock)
                then {{ dbt.concat(["'ended on '", "cast(ends_on as string)"]) }}
        end as obstacle
    from wanted
),

ranked as (
    select
        *,
        row_number() over (
            partition by action_id, target_kind, case when obstacle is null then 1 else 0 end order by at_stake desc, target_id asc
        ) as stake_rank
    from judged
),

decided as (
    select
        *,
        case
            when obstacle is not null then obstacle
            when target_kind = 'product' and stake_rank > {{ var("max_products_per_action") }}
                then 'not among the {{ var("max_products_per_action") }} products of the action with most at stake'
        end as inactive_reason
    from ranked
),

final as (
    select
        {{ dbt.concat(["action_id", "':'", "target_id"]) }} as strategy_id,
        action_id,
        action_name,
        target_kind,
        target_id,
        target_name,
        priority_rank,
        channel,
        other_channel,
        offer_kind,
        product_choice,
        cast(least(wanted_discount, allowed_discount) as double) as discount_depth,
        cast(round(base_discount, 6) as double) as base_discount,
        cast(strength as double) as strength,
        max_discount,
        wanted_discount > allowed_discount as is_margin_capped,
        cost_source,
        repeat_after_days,
        weekly_budget,
        control_share,
        campaign_type,
        message_en,
        message_zh,
        starts_on,
        ends_on,
        inactive_reason is null as is_active,
        inactive_reason,
        coalesce(reason, 'meets its conditions') as reason
    from decided
)

select * from final
