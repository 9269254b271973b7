with strategies as (
    select * from {{ ref('score_strategies') }}
),

conditions as (
    select * from {{ ref('marketing_conditions') }}
),

decisions as (
    select * from {{ ref('score_push_decisions') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

condition_words as (
    select
        action_id,
        {{ dbt.concat(["subject", "'.'", "feature", "' '", "replace(comparison, '_', ' ')", "' '", "value"]) }} as words
    from conditions
),

conditions_asked as (
    select
        action_id,
        {{ joined_list(ordered_list("words", "words"), " and ") }} as conditions
    from condition_words
    group by action_id
),

counted as (
    select
        strategy_id,
        count(*) as matched_customers,
        sum(case when decision = 'push' then 1 else 0 end) as pushed_customers,
        sum(case when decision = 'control' then 1 else 0 end) as control_customers,
        sum(case when decision = 'opted_out' then 1 else 0 end) as opted_out_customers,
        sum(case when decision = 'no_product' then 1 else 0 end) as no_product_customers,
        sum(case when decision = 'quiet' then 1 else 0 end) as quiet_customers,
        sum(case when decision = 'repeated' then 1 else 0 end) as repeated_customers,
        sum(case when decision = 'outranked' then 1 else 0 end) as outranked_customers,
        sum(case when decision = 'frequency_cap' then 1 else 0 end) as frequency_cap_customers,
        sum(case when decision = 'over_budget' then 1 else 0 end) as over_budget_customers,
        sum(case when decision = 'push' then cast(cost as decimal(18, 4)) else 0 end) as expected_cost
    from decisions
    group by strategy_id
),

final as (
    select
        strategies.strategy_id,
        clock.as_of_date,
        strategies.action_id,
        strategies.action_name,
        strategies.target_kind,
        strategies.target_id,
        strategies.target_name,
        strategies.priority_rank,
        strategies.channel,
        strategies.other_channel,
        strategies.offer_kind,
        strategies.product_choice,
        strategies.discount_depth,
        strategies.base_discount,
        strategies.strength,
        strategies.max_discount,
        strategies.is_margin_capped,
        strategies.cost_source,
        strategies.repeat_after_days,
        strategies.weekly_budget,
        strategies.control_share,
        strategies.campaign_type,
        strategies.message_en,
        strategies.message_zh,
        strategies.starts_on,
        strategies.ends_on,
        strategies.is_active,
        strategies.inactive_reason,
        conditions_asked.conditions,
        strategies.reason,
        cast(coalesce(counted.matched_customers, 0) as bigint) as matched_customers,
        cast(coalesce(counted.pushed_customers, 0) as bigint) as pushed_customers,
        cast(coalesce(counted.control_customers, 0) as bigint) as control_customers,
        cast(coalesce(counted.opted_out_customers, 0) as bigint) as opted_out_customers,
        cast(coalesce(counted.no_product_customers, 0) as bigint) as no_product_customers,
        cast(coalesce(counted.quiet_customers, 0) as bigint) as quiet_customers,
        cast(coalesce(counted.repeated_customers, 0) as bigint) as repeated_customers,
        cast(coalesce(counted.outranked_customers, 0) as bigint) as outranked_customers,
        cast(coalesce(counted.frequency_cap_customers, 0) as bigint) as frequency_cap_customers,
        cast(coalesce(counted.over_budget_customers, 0) as bigint) as over_budget_customers,
        cast(coalesce(counted.expected_cost, 0) as double) as expected_cost
    from strategies
    cross join clock
    left join conditions_asked
        on strategies.action_id = conditions_asked.action_id
    left join counted
        on strategies.strategy_id = counted.strategy_id
)

select * from final
