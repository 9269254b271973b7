with offers as (
    select * from {{ ref('score_push_offers') }}
),

messages as (
    select * from {{ ref('score_pushes') }}
),

clock as (
    select
        as_of_date,
        {{ week_of(dbt.dateadd("day", 1, "as_of_date")) }} as push_week
    from {{ ref('base_raw__clock') }}
),

final as (
    select
        offers.push_id,
        offers.campaign_id,
        offers.campaign_type,
        offers.strategy_id,
        offers.action_id,
        offers.action_name,
        offers.target_kind,
        offers.target_name,
        offers.priority_rank,
        offers.customer_id,
        offers.is_control,
        offers.send_on,
        offers.channel,
        offers.product_id,
        offers.product_name,
        offers.product_price,
        offers.offer_kind,
        offers.discount_depth,
        offers.offer_price,
        offers.offer_ends_on,
        messages.message,
        offers.reason,
        offers.expected_gain,
        offers.cost,
        offers.repeat_after_days,
        offers.weekly_budget,
        offers.channel_cap,
        cast({{ var("max_pushes_per_customer") | int }} as bigint) as customer_cap,
        cast({{ var("push_days") | int }} as bigint) as cap_days,
        clock.push_week,
        clock.as_of_date as decided_on
    from offers
    inner join messages
        on offers.push_id = messages.push_id
    cross join clock
)

select * from final
