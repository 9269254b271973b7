-- What people saw and clicked of a campaign is in its performance, once; a touch that tells clicks may add to it.
with exposures as (
    select
        campaign_id,
        sum(impressions) as impressions,
        sum(clicks) as clicks
    from {{ ref('int_campaign_exposures') }}
    group by campaign_id
),

touches as (
    select
        campaign_id,
        count(*) as touches
    from {{ ref('int_campaign_touches') }}
    group by campaign_id
),

performance as (
    select
        campaign_id,
        sum(impressions) as impressions,
        sum(clicks) as clicks
    from {{ ref('score_campaign_weeks') }}
    group by campaign_id
)

select
    exposures.campaign_id,
    exposures.impressions,
    performance.impressions as performance_impressions,
    exposures.clicks,
    performance.clicks as performance_clicks
from exposures
left join performance
    on exposures.campaign_id = performance.campaign_id
left join touches
    on exposures.campaign_id = touches.campaign_id
where
    coalesce(performance.impressions, 0) not between exposures.impressions and exposures.impressions + coalesce(touches.touches, 0)
    or coalesce(performance.clicks, 0) not between exposures.clicks and exposures.clicks + coalesce(touches.touches, 0)
