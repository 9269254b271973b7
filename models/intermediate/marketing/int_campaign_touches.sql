with staged_touches as (
    select * from {{ ref('stg_raw__campaign_touches') }}
),

campaigns as (
    select * from {{ ref('stg_raw__campaigns') }}
),

exposures as (
    select * from {{ ref('int_campaign_exposures') }}
),

orders as (
    select
        order_id,
        customer_id,
        ordered_on,
        is_purchase,
        cast(revenue as decimal(18, 4)) as revenue
    from {{ ref('int_orders') }}
    where customer_id is not null
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

touches as (
    select
        staged_touches.campaign_id,
        staged_touches.customer_id,
        coalesce(staged_touches.variant, '{{ no_variant() }}') as variant,
        campaigns.campaign_type,
        campaigns.channel,
        staged_touches.revenue as delivered_revenue,
        staged_touches.clicked_at is not null as is_clicked,
        {{ business_date("staged_touches.touched_at") }} as touched_on,
        {{ business_date("staged_touches.converted_at") }} as answered_on,
        coalesce(
            campaigns.ends_on,
            cast({{ dbt.dateadd("day", var("response_days"), business_date("staged_touches.touched_at")) }} as date)
        ) as response_ends_on,
        max(case when staged_touches.clicked_at is not null then 1 else 0 end) over (
            partition by staged_touches.campaign_id
        ) as campaign_tells_clicks,
        row_number() over (
            partition by staged_touches.campaign_id, staged_touches.customer_id
            order by staged_touches.touched_at, staged_touches.variant
        ) as variant_number,
        count(*) over (partition by staged_touches.campaign_id, staged_touches.customer_id) as variants
    from staged_touches
    left join campaigns
        on staged_touches.campaign_id = campaigns.campaign_id
),

answered as (
    select
        *,
        {{ is_held_out("variant") }} as is_control,
        response_ends_on <= (select clock.as_of_date from clock) as is_over,
        case when answered_on between touched_on and response_ends_on then answered_on end as converted_on
    from touches
),

seen as (
    select
        answered.campaign_id,
        answered.customer_id,
        sum(exposures.impressions) as impressions,
        sum(exposures.clicks) as clicks
    from answered
    inner join exposures
        on
            answered.campaign_id = exposures.campaign_id
            and answered.customer_id = exposures.customer_id
            and exposures.occurred_on between answered.touched_on and answered.response_ends_on
    where answered.variant_number = 1
    group by answered.campaign_id, answered.customer_id
),

bought as (
    select
        answered.campaign_id,
        answered.customer_id,
        answered.variant,
        sum(case when orders.ordered_on between answered.touched_on and answered.response_ends_on then orders.revenue else 0 end)
            as order_revenue,
        sum(case when orders.ordered_on < answered.touched_on then orders.revenue else 0 end) as prior_revenue,
        count(distinct case when orders.is_purchase and orders.ordered_on < answered.touched_on then orders.order_id end) as prior_orders,
        sum(case when orders.is_purchase and orders.ordered_on = answered.converted_on then orders.revenue else 0 end)
            as conversion_day_revenue,
        sum(
            case
                when
                    orders.is_purchase
                    and orders.ordered_on > answered.converted_on
                    and orders.ordered_on
                    <= {{ dbt.dateadd("day", var("repurchase_days"), "answered.converted_on") }}
                    then 1
                else 0
            end
        ) as later_orders
    from answered
    inner join orders
        on
            answered.customer_id = orders.customer_id
            and orders.ordered_on >= {{ dbt.dateadd("week", -var("active_weeks"), "answered.touched_on") }}
    group by answered.campaign_id, answered.customer_id, answered.variant
),

final as (
    select
        -- ids
        answered.campaign_id,
        answered.customer_id,
        answered.variant,

        -- text
        answered.campaign_type,
        answered.channel,
        case
            when answered.converted_on is null then null
            when answered.delivered_revenue is not null then 'delivered'
            else 'orders of the day'
        end as revenue_source,

        -- numerics
        cast(
            greatest(
                coalesce(case when answered.variant_number = 1 then seen.impressions end, 0),
                case when answered.is_control and not answered.is_clicked then 0 else answered.campaign_tells_clicks end
            ) as bigint
        ) as impressions,
        cast(
            greatest(
                coalesce(case when answered.variant_number = 1 then seen.clicks end, 0),
                case when answered.is_clicked then 1 else 0 end
            ) as bigint
        ) as clicks,
        case
            when answered.converted_on is null then cast(0 as double)
            else coalesce(answered.delivered_revenue, cast(bought.conversion_day_revenue as double), cast(0 as double))
        end as revenue,
        cast(coalesce(bought.order_revenue, 0) as double) as order_revenue,
        cast(coalesce(bought.prior_revenue, 0) as double) as prior_revenue,
        cast(coalesce(bought.prior_orders, 0) as bigint) as prior_orders,

        -- booleans
        answered.is_control,
        answered.variants > 1 as is_in_several_variants,
        answered.is_over,
        answered.converted_on is not null as is_converted,
        case
            when
                {{ dbt.dateadd("day", var("repurchase_days"), "answered.converted_on") }}
                <= (select clock.as_of_date from clock)
                then coalesce(bought.later_orders, 0) > 0
        end as is_repurchased,

        -- dates
        answered.touched_on,
        {{ week_of("answered.touched_on") }} as week_starting,
        answered.response_ends_on,
        answered.converted_on
    from answered
    left join seen
        on answered.campaign_id = seen.campaign_id and answered.customer_id = seen.customer_id
    left join bought
        on
            answered.campaign_id = bought.campaign_id
            and answered.customer_id = bought.customer_id
            and answered.variant = bought.variant
)

select * from final
