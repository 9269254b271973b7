with days as (
    select * from {{ ref('int_snapshot_days') }}
),

purchases as (
    select * from {{ ref('int_customer_category_purchases') }}
),

products as (
    select * from {{ ref('int_products') }}
    where non_merchandise_kind is null
),

viewed_products as (
    select
        events.customer_id,
        products.category,
        events.occurred_on
    from {{ ref('int_events') }} as events
    inner join products
        on events.product_id = products.product_id
    where
        events.customer_id is not null
        and events.event_type = 'view'
        and not events.is_bot
        and not events.is_double_click
),

recent_views as (
    select
        days.snapshot_on,
        viewed_products.customer_id,
        viewed_products.category,
        count(*) as viewed
    from viewed_products
    inner join days
        on viewed_products.occurred_on > days.recent_after and viewed_products.occurred_on <= days.snapshot_on
    group by days.snapshot_on, viewed_products.customer_id, viewed_products.category
),

final as (
    select
        purchases.customer_id,
        purchases.snapshot_on,
        purchases.is_current,
        purchases.category,
        purchases.category_rank,
        purchases.order_days,
        purchases.order_days_recent,
        purchases.order_days_active,
        purchases.revenue_active,
        purchases.recency_days,
        purchases.mean_days_between,
        purchases.lateness,
        purchases.affinity,
        cast(coalesce(recent_views.viewed, 0) as bigint) as views_recent,
        purchases.order_days_in_intent_window
    from purchases
    left join recent_views
        on
            purchases.snapshot_on = recent_views.snapshot_on
            and purchases.customer_id = recent_views.customer_id
            and purchases.category = recent_views.category
)

select * from final
