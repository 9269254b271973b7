with human_events as (
    select
        *,
        coalesce(customer_id, '{{ anonymous_customer() }}') as visitor_id
    from {{ ref('int_events') }}
    where not is_bot and not is_double_click
),

sessions as (
    select
        visitor_id,
        session_id,
        sum(case when event_type = 'view' then 1 else 0 end) as product_views,
        sum(case when event_type = 'search' then 1 else 0 end) as searches,
        sum(case when event_type = 'add_to_cart' then 1 else 0 end) as carts,
        sum(case when event_type = 'purchase' then 1 else 0 end) as purchases,
        max(occurred_on) as occurred_on
    from human_events
    group by visitor_id, session_id
),

final as (
    select
        visitor_id as customer_id,
        count(*) as sessions,
        cast(sum(product_views) as bigint) as product_views,
        cast(sum(searches) as bigint) as searches,
        cast(sum(case when purchases > 0 then 1 else 0 end) as bigint) as purchase_sessions,
        cast(sum(case when carts > 0 and purchases = 0 then 1 else 0 end) as bigint) as abandoned_carts,
        max(occurred_on) as last_browsed_on
    from sessions
    group by visitor_id
)

select * from final
