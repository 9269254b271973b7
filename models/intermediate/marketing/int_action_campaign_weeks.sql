with touches as (
    select
        *,
        cast(revenue as decimal(28, 4)) as exact_revenue,
        max(response_ends_on) over (partition by action_id, week_starting) as week_ends_on
    from {{ ref('int_action_touches') }}
    where not is_control
),

-- Only what was known on the last day of the response: what is known later must not change what was decided on that day.
told as (
    select
        *,
        is_repurchased is not null
        and {{ dbt.dateadd("day", var("repurchase_days"), "converted_on") }} <= week_ends_on as is_repurchase_known
    from touches
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
        cast(sum(exact_revenue) as double) as revenue,
        cast(sum(case when is_repurchase_known then 1 else 0 end) as bigint) as repurchases_known,
        cast(sum(case when is_repurchase_known and is_repurchased then 1 else 0 end) as bigint) as repurchases
    from told
    group by action_id, week_starting
)

select * from final
