with touches as (
    select * from {{ ref('int_campaign_touches') }}
),

exposures as (
    select * from {{ ref('int_campaign_exposures') }}
),

campaigns as (
    select * from {{ ref('stg_raw__campaigns') }}
),

segments as (
    select
        customer_id,
        segment_name
    from {{ ref('score_customer_segments') }}
),

touched as (
    select
        campaign_id,
        customer_id,
        touched_on,
        response_ends_on,
        row_number() over (partition by campaign_id, customer_id order by touched_on, variant) as variant_number
    from touches
),

-- What a touched customer saw within the response counts with the touch; all else was shown to nobody's touch.
untargeted as (
    select
        exposures.campaign_id,
        exposures.customer_id,
        exposures.impressions,
        exposures.clicks,
        {{ week_of("exposures.occurred_on") }} as week_starting
    from exposures
    left join touched
        on
            exposures.campaign_id = touched.campaign_id
            and exposures.customer_id = touched.customer_id
            and touched.variant_number = 1
            and exposures.occurred_on between touched.touched_on and touched.response_ends_on
    where touched.campaign_id is null
),

outcomes as (
    select
        campaign_id,
        customer_id,
        variant,
        week_starting,
        is_control,
        1 as customers,
        case when is_over then 1 else 0 end as customers_over,
        impressions,
        clicks,
        case when is_converted then 1 else 0 end as conversions,
        case when is_repurchased is not null then 1 else 0 end as repurchases_known,
        case when is_repurchased then 1 else 0 end as repurchases,
        cast(revenue as decimal(28, 4)) as revenue,
        cast(revenue * revenue as decimal(38, 4)) as squared_revenue,
        cast(order_revenue as decimal(28, 4)) as order_revenue
    from touches
    union all
    select
        campaign_id,
        customer_id,
        '(untargeted)' as variant,
        week_starting,
        false as is_control,
        0 as customers,
        0 as customers_over,
        impressions,
        clicks,
        0 as conversions,
        0 as repurchases_known,
        0 as repurchases,
        cast(0 as decimal(28, 4)) as revenue,
        cast(0 as decimal(38, 4)) as squared_revenue,
        cast(0 as decimal(28, 4)) as order_revenue
    from untargeted
),

final as (
    select
        -- ids
        outcomes.campaign_id,
        coalesce(segments.segment_name, '{{ no_variant() }}') as segment_name,
        outcomes.variant,
        outcomes.week_starting,

        -- text
        campaigns.campaign_name,
        campaigns.campaign_type,
        coalesce(campaigns.channel, '{{ no_variant() }}') as channel,

        -- numerics
        cast(sum(outcomes.customers) as bigint) as customers,
        cast(sum(outcomes.customers_over) as bigint) as customers_over,
        cast(sum(outcomes.impressions) as bigint) as impressions,
        cast(sum(outcomes.clicks) as bigint) as clicks,
        cast(sum(outcomes.conversions) as bigint) as conversions,
        cast(sum(outcomes.repurchases_known) as bigint) as repurchases_known,
        cast(sum(outcomes.repurchases) as bigint) as repurchases,
        cast(sum(outcomes.revenue) as double) as revenue,
        cast(sum(outcomes.squared_revenue) as double) as squared_revenue,
        cast(sum(outcomes.order_revenue) as double) as order_revenue,

        -- booleans
        max(case when outcomes.is_control then 1 else 0 end) = 1 as is_control
    from outcomes
    left join campaigns
        on outcomes.campaign_id = campaigns.campaign_id
    left join segments
        on outcomes.customer_id = segments.customer_id
    group by
        outcomes.campaign_id,
        coalesce(segments.segment_name, '{{ no_variant() }}'),
        outcomes.variant,
        outcomes.week_starting,
        campaigns.campaign_name,
        campaigns.campaign_type,
        campaigns.channel
)

select * from final
