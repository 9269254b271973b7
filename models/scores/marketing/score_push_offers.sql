with decisions as (
    select * from {{ ref('score_push_decisions') }}
    where decision in ('push', 'control')
),

candidates as (
    select * from {{ ref('score_push_candidates') }}
),

strategies as (
    select * from {{ ref('score_strategies') }}
),

channels as (
    select * from {{ ref('marketing_channels') }}
),

final as (
    select
        -- ids
        decisions.push_id,
        decisions.campaign_id,
        decisions.strategy_id,
        decisions.action_id,
        decisions.customer_id,
        decisions.product_id,

        -- text
        strategies.action_name,
        strategies.campaign_type,
        strategies.target_kind,
        strategies.target_name,
        decisions.channel,
        channels.message_format,
        candidates.product_name,
        candidates.category,
        strategies.offer_kind,
        candidates.reason,

        -- numerics
        strategies.priority_rank,
        cast(channels.max_characters as bigint) as max_characters,
        cast(channels.weekly_cap as bigint) as channel_cap,
        candidates.product_price,
        coalesce(candidates.discount_depth, 0) as discount_depth,
        -- As decimals: half a cent must not go one way on one engine and the other on another.
        cast(
            round(
                cast(candidates.product_price as decimal(24, 4))
                * (1 - cast(coalesce(candidates.discount_depth, 0) as decimal(9, 2))),
                2
            ) as double
        ) as offer_price,
        -- What a customer brings is counted once: a further push adds what it is expected to bring beyond the others.
        least(
            candidates.expected_gain,
            round(
                greatest(
                    candidates.expected_gain
                    - coalesce(
                        max(candidates.expected_gain) over (
                            partition by decisions.customer_id, decisions.decision
                            order by strategies.priority_rank asc, decisions.strategy_id asc
                            rows between unbounded preceding and 1 preceding
                        ),
                        0
                    ),
                    0
                ),
                6
            )
        ) as expected_gain,
        decisions.cost,
        strategies.repeat_after_days,
        strategies.weekly_budget,

        -- booleans
        decisions.decision = 'control' as is_control,

        -- dates
        decisions.send_on,
        coalesce(
            strategies.ends_on, cast({{ dbt.dateadd("day", var("response_days"), "decisions.send_on") }} as date)
        ) as offer_ends_on
    from decisions
    inner join candidates
        on
            decisions.strategy_id = candidates.strategy_id
            and decisions.customer_id = candidates.customer_id
    inner join strategies
        on decisions.strategy_id = strategies.strategy_id
    inner join channels
        on decisions.channel = channels.channel
)

select * from final
