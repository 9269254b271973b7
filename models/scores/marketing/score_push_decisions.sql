{%- set allowed_pushes = var("max_pushes_per_customer") | int -%}
{%- set push_days = var("push_days") | int -%}
{%- set message = "message_" ~ var("message_language") -%}

with strategies as (
    select * from {{ ref('score_strategies') }}
    where is_active
),

push_candidates as (
    select * from {{ ref('score_push_candidates') }}
),

channels as (
    select * from {{ ref('marketing_channels') }}
),

send_days as (
    select * from {{ ref('score_push_send_days') }}
),

clock as (
    select
        as_of_date,
        {{ week_of(dbt.dateadd("day", 1, "as_of_date")) }} as push_week
    from {{ ref('base_raw__clock') }}
),

-- An opt-out holds as soon as it is known, whatever its day. One of a channel that nobody here knows is one of all.
opt_outs as (
    select distinct
        stated.customer_id,
        coalesce(channels.channel, '') as channel
    from {{ ref('stg_raw__opt_outs') }} as stated
    left join channels
        on lower(trim(stated.channel)) = channels.channel
),

-- A hold-out counts as a touch: it has used up the place that its push would have had.
touches as (
    select distinct
        campaign_id,
        customer_id,
        lower(channel) as channel,
        touched_on
    from {{ ref('int_campaign_touches') }}
    where
        touched_on <= (select clock.as_of_date from clock)
        and touched_on > {{ dbt.dateadd("day", -1 * ([push_days, 7] | max), "(select clock.as_of_date from clock)") }}
),

last_touches as (
    select
        action_id,
        customer_id,
        max(touched_on) as last_touched_on
    from {{ ref('int_action_touches') }}
    where touched_on <= (select clock.as_of_date from clock)
    group by action_id, customer_id
),

responses as (
    select
        action_id,
        cast(sum(conversions) as double) / sum(customers) as offer_response
    from {{ ref('int_action_campaign_weeks') }}
    where is_over
    group by action_id
    having sum(customers) >= {{ var("min_measured_customers") }}
),

candidates as (
    select
        push_candidates.strategy_id,
        push_candidates.action_id,
        push_candidates.customer_id,
        push_candidates.product_id,
        push_candidates.product_price,
        push_candidates.discount_depth,
        strategies.priority_rank,
        strategies.repeat_after_days,
        strategies.weekly_budget,
        strategies.control_share,
        coalesce(push_candidates.expected_gain, 0) as expected_gain,
        coalesce(responses.offer_response, {{ var("default_offer_response") | float }}) as offer_response,
        coalesce(push_candidates.usual_weekday, '(any)') as usual_weekday,
        lower(strategies.channel) as first_channel,
        lower(strategies.other_channel) as other_channel,
        (push_candidates.needs_product and push_candidates.product_id is null)
        or ({{ dbt.position("'{product_name}'", "strategies." ~ message) }} > 0 and push_candidates.product_name is null)
        or ({{ dbt.position("'{category}'", "strategies." ~ message) }} > 0 and push_candidates.category is null)
        or ({{ dbt.position("'_price}'", "strategies." ~ message) }} > 0 and push_candidates.product_price is null)
        or (
            {{ dbt.position("'{discount_percent}'", "strategies." ~ message) }} > 0 and coalesce(push_candidates.discount_depth, 0) < 0.01
        ) as has_no_offer,
        push_candidates.action_id
        || '-'
        || replace(cast((select clock.push_week from clock) as {{ dbt.type_string() }}), '-', '') as action_week
    from push_candidates
    inner join strategies
        on push_candidates.strategy_id = strategies.strategy_id
    left join responses
        on push_candidates.action_id = responses.action_id
),

addressed as (
    select
        candidates.*,
        case
            when opted_out_of_all.customer_id is not null then null
            when opted_out_of_first.customer_id is null then candidates.first_channel
            when opted_out_of_other.customer_id is null then candidates.other_channel
        end as channel
    from candidates
    left join opt_outs as opted_out_of_all
        on candidates.customer_id = opted_out_of_all.customer_id and opted_out_of_all.channel = ''
    left join opt_outs as opted_out_of_first
        on candidates.customer_id = opted_out_of_first.customer_id and candidates.first_channel = opted_out_of_first.channel
    left join opt_outs as opted_out_of_other
        on candidates.customer_id = opted_out_of_other.customer_id and candidates.other_channel = opted_out_of_other.channel
),

dated as (
    select
        addressed.*,
        send_days.send_on,
        channels.contact_cost,
        channels.weekly_cap
    from addressed
    left join channels
        on addressed.channel = channels.channel
    left join send_days
        on
            addressed.strategy_id = send_days.strategy_id
            and addressed.channel = send_days.channel
            and addressed.usual_weekday = send_days.usual_weekday
),

-- What a customer got in the push_days up to the day of the push.
recent as (
    select
        dated.strategy_id,
        dated.customer_id,
        sum(case when touches.touched_on > {{ dbt.dateadd("day", -1 * push_days, "dated.send_on") }} then 1 else 0 end) as touches,
        sum(
            case
                when
                    touches.channel = dated.channel
                    and touches.touched_on > {{ dbt.dateadd("day", -1 * push_days, "dated.send_on") }}
                    then 1
                else 0
            end
        ) as channel_touches,
        max(
            case
                when
                    touches.campaign_id = dated.action_week
                    or substr(touches.campaign_id, 1, length(dated.action_week) + 1) = dated.action_week || '-'
                    then 1
                else 0
            end
        ) as is_sent_already
    from dated
    inner join touches
        on dated.customer_id = touches.customer_id
    group by dated.strategy_id, dated.customer_id
),

screened as (
    select
        dated.*,
        coalesce(recent.touches, 0) as recent_touches,
        coalesce(recent.channel_touches, 0) as recent_channel_touches,
        case
            when dated.channel is null then 'opted_out'
            when dated.has_no_offer then 'no_product'
            when dated.send_on is null then 'quiet'
            when
                last_touches.last_touched_on
                > {{ dbt.dateadd("day", "cast(-1 * dated.repeat_after_days as int)", "dated.send_on") }}
                then 'repeated'
            when recent.is_sent_already = 1 then 'frequency_cap'
        end as early_decision
    from dated
    left join recent
        on dated.strategy_id = recent.strategy_id and dated.customer_id = recent.customer_id
    left join last_touches
        on dated.action_id = last_touches.action_id and dated.customer_id = last_touches.customer_id
),

eligible as (
    select
        strategy_id,
        action_id,
        customer_id,
        channel,
        product_id,
        send_on,
        action_week,
        channel <> first_channel as is_other_channel,
        priority_rank,
        expected_gain,
        weekly_budget,
        weekly_cap,
        recent_touches,
        recent_channel_touches,
        round(contact_cost + coalesce(discount_depth * product_price, 0) * offer_response, 4) as cost_if_sent,
        substr({{ dbt.hash("'hold-out|' || action_id || '|' || customer_id") }}, 1, 8)
        < lower(lpad(hex(cast(floor(control_share * 4294967296) as bigint)), 8, '0')) as is_held_out
    from screened
    where early_decision is null
),

-- Two prices of one product would contradict one another.
told_once as (
    select
        *,
        product_id is not null
        and row_number() over (
            partition by customer_id, product_id
            order by priority_rank asc, expected_gain desc, strategy_id asc
        ) > 1 as is_told_already
    from eligible
),

placed_in_channel as (
    select
        *,
        row_number() over (
            partition by customer_id, channel, is_told_already
            order by priority_rank asc, expected_gain desc, strategy_id asc
        ) as channel_place
    from told_once
),

judged_in_channel as (
    select
        *,
        case
            when is_told_already then 'outranked'
            when channel_place > weekly_cap and weekly_cap > 0 then 'outranked'
            when channel_place + recent_channel_touches > weekly_cap then 'frequency_cap'
        end as channel_decision
    from placed_in_channel
),

placed as (
    select
        *,
        row_number() over (
            partition by customer_id, channel_decision is null
            order by priority_rank asc, expected_gain desc, strategy_id asc
        ) as customer_place
    from judged_in_channel
),

judged as (
    select
        *,
        case
            when channel_decision is not null then channel_decision
            when customer_place > {{ allowed_pushes }} then 'outranked'
            when customer_place + recent_touches > {{ allowed_pushes }} then 'frequency_cap'
        end as place_decision
    from placed
),

-- Those held out cost nothing, but end where the money of the others does.
funded as (
    select
        *,
        sum(cast(case when is_held_out then 0 else cost_if_sent end as decimal(18, 4))) over (
            partition by action_id
            order by expected_gain desc, customer_id asc
            rows between unbounded preceding and current row
        ) as spent
    from judged
    where place_decision is null and weekly_budget is not null
),

-- Where there is no bound, or no place, nothing is to be added up.
paid as (
    select * from funded
    union all
    select
        *,
        null as spent
    from judged
    where place_decision is not null or weekly_budget is null
),

decided as (
    select
        strategy_id,
        action_id,
        customer_id,
        channel,
        product_id,
        send_on,
        action_week,
        is_other_channel,
        cost_if_sent,
        case
            when place_decision is not null then place_decision
            when cast(spent as double) > weekly_budget then 'over_budget'
            when is_held_out then 'control'
            else 'push'
        end as decision
    from paid
    union all
    select
        strategy_id,
        action_id,
        customer_id,
        channel,
        product_id,
        send_on,
        action_week,
        false as is_other_channel,
        cast(0 as double) as cost_if_sent,
        early_decision as decision
    from screened
    where early_decision is not null
),

-- Results are told by channel, so what goes by the other channel is a campaign of its own.
final as (
    select
        strategy_id,
        action_id,
        customer_id,
        decision,
        channel,
        product_id,
        case when decision in ('push', 'control') then send_on end as send_on,
        case when decision = 'push' then cost_if_sent else cast(0 as double) end as cost,
        case
            when decision in ('push', 'control') then {{ dbt.hash("'push|' || action_week || '|' || customer_id") }}
        end as push_id,
        case
            when decision in ('push', 'control') then action_week || case when is_other_channel then '-' || channel else '' end
        end as campaign_id
    from decided
)

select * from final
