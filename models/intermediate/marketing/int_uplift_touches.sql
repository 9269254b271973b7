with usable_touches as (
    select * from {{ ref('int_campaign_touches') }}
    where is_over and not is_in_several_variants and variant <> '{{ no_variant() }}'
),

snapshot_days as (
    select * from {{ ref('int_snapshot_days') }}
    where regular_number is not null
),

snapshots as (
    select * from {{ ref('int_customer_snapshots') }}
    where regular_number is not null
),

touched_days as (
    select distinct touched_on from usable_touches
),

newest_days as (
    select
        touched_days.touched_on,
        max(snapshot_days.snapshot_on) as snapshot_on
    from touched_days
    inner join snapshot_days
        on touched_days.touched_on > snapshot_days.snapshot_on
    group by touched_days.touched_on
),

-- Only of who was known before the touch can be told who answers because of it: the arms are counted among them.
known_touches as (
    select
        usable_touches.*,
        newest_days.snapshot_on
    from usable_touches
    inner join newest_days
        on usable_touches.touched_on = newest_days.touched_on
    inner join snapshots
        on usable_touches.customer_id = snapshots.customer_id and newest_days.snapshot_on = snapshots.snapshot_on
),

experiments as (
    select
        campaign_id,
        avg(case when is_control then cast(0 as double) else cast(1 as double) end) as treated_share
    from known_touches
    group by campaign_id
    having min(case when is_control then 0 else 1 end) = 0 and max(case when is_control then 0 else 1 end) = 1
),

final as (
    select
        -- ids
        touches.campaign_id,
        touches.customer_id,

        -- text
        touches.campaign_type,
        touches.channel,
        touches.variant,

        -- what was done and what came of it
        not touches.is_control as is_treated,
        experiments.treated_share,
        touches.is_converted,
        touches.revenue as response_revenue,
        touches.touched_on,
        touches.snapshot_on,

        -- purchases
        snapshots.recency_days,
        snapshots.orders_recent,
        snapshots.orders_active,
        snapshots.revenue_recent,
        snapshots.revenue_active,
        snapshots.average_basket,
        snapshots.products_per_order,
        snapshots.mean_days_between_orders,
        snapshots.lateness,
        snapshots.order_days_active,
        snapshots.order_trend,
        snapshots.promoted_share,
        snapshots.online_share,
        snapshots.weekend_share,
        snapshots.stores_active,

        -- browsing
        snapshots.sessions_recent,
        snapshots.sessions_active,
        snapshots.views_recent,
        snapshots.carts_recent,
        snapshots.searches_recent,
        snapshots.days_since_session
    from known_touches as touches
    inner join experiments
        on touches.campaign_id = experiments.campaign_id
    inner join snapshots
        on touches.customer_id = snapshots.customer_id and touches.snapshot_on = snapshots.snapshot_on
)

select * from final
