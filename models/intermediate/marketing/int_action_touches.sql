with touches as (
    select
        *,
        {{ dbt.split_part("campaign_id", "'-'", 1) }} as campaign_prefix
    from {{ ref('int_campaign_touches') }}
),

actions as (
    select
        action_id,
        coalesce(campaign_type, action_id) as campaign_type
    from {{ ref('marketing_actions') }}
),

-- A push of ours is called after its action, its week and, by the other channel, that; what comes back may be of no campaign with a type.
final as (
    select
        actions.action_id,
        touches.campaign_id,
        touches.customer_id,
        touches.variant,
        touches.week_starting,
        touches.touched_on,
        touches.response_ends_on,
        touches.converted_on,
        touches.is_control,
        touches.is_over,
        touches.is_converted,
        touches.is_repurchased,
        touches.impressions,
        touches.clicks,
        touches.revenue
    from touches
    inner join actions
        on
            touches.campaign_type = actions.campaign_type
            or (touches.campaign_type is null and touches.campaign_prefix = actions.action_id)
)

select * from final
