with touches as (
    select
        *,
        substr(campaign_id, 1, greatest(length(campaign_id) - {{ "-yyyymmdd" | length }}, 0)) as campaign_prefix
    from {{ ref('int_campaign_touches') }}
    where not is_control
),

actions as (
    select
        action_id,
        coalesce(campaign_type, action_id) as campaign_type
    from {{ ref('marketing_actions') }}
),

-- A push of ours is called after its action and week; the results that come back may be of no campaign with a type.
measured as (
    select
        actions.action_id,
        touches.campaign_id,
        touches.customer_id,
        touches.week_starting,
        touches.touched_on,
        touches.response_ends_on,
        touches.is_over,
        touches.impressions,
        touches.clicks,
        touches.is_converted,
        touches.converted_on,
        touches.is_repurchased,
        cast(touches.revenue as decimal(18, 4)) as revenue,
        max(touches.response_ends_on) over (partition by actions.action_id, touches.week_starting) as week_ends_on
    from touches
    inner join actions
        on
            touches.campaign_type = actions.campaign_type
            or (touches.campaign_type is null and touches.campaign_prefix = actions.action_id)
),

-- Only what was known on the last day of the response: what is known later must not change what was decided on that day.
told as (
    select
        *,
        is_repurchased is not null
        and {{ dbt.dateadd("day", var("repurchase_days"), "converted_on") }} <= week_ends_on as is_repurchase_known
    from measured
),

final as (
    select
        action_id,
        week_starting as measured_week,
        min(touched_on) as first_touched_on,
        max(response_ends_on) as response_ends_on,
        min(case when is_over then 1 else 0 end) = 1 as is_over,
        cast(count(distinct campaign_id) as bigint) as campaigns,
        cast(count(*) as bigint) as customers,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(case when is_converted then 1 else 0 end) as bigint) as conversions,
        cast(sum(revenue) as double) as revenue,
        cast(sum(case when is_repurchase_known then 1 else 0 end) as bigint) as repurchases_known,
        cast(sum(case when is_repurchase_known and is_repurchased then 1 else 0 end) as bigint) as repurchases
    from told
    group by action_id, week_starting
)

select * from final
