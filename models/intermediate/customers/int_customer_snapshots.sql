with days as (
    select * from {{ ref('int_snapshot_days') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

orders as (
    select
        *,
        cast(revenue as decimal(28, 4)) as exact_revenue,
        cast(promoted_revenue as decimal(28, 4)) as exact_promoted_revenue
    from {{ ref('int_orders') }}
    where customer_id is not null
),

human_events as (
    select * from {{ ref('int_events') }}
    where customer_id is not null and not is_bot and not is_double_click
),

touches as (
    select
        customer_id,
        {{ business_date("touched_at") }} as touched_on,
        {{ business_date("converted_at") }} as converted_on
    from {{ ref('stg_raw__campaign_touches') }}
    where not {{ is_held_out("variant") }}
),

known_customers as (
    select
        days.*,
        customers.customer_id,
        customers.known_since,
        greatest(days.data_begins_on, coalesce(customers.known_since, days.data_begins_on)) as seen_since
    from customers
    inner join days
        on customers.known_since <= days.snapshot_on or days.is_current
),

past_orders as (
    select
        days.snapshot_on,
        orders.customer_id,
        min(case when orders.is_purchase then orders.ordered_on end) as first_ordered_on,
        max(case when orders.is_purchase then orders.ordered_on end) as last_ordered_on,
        count(distinct case when orders.is_purchase then orders.ordered_on end) as order_days,
        count(distinct case when orders.is_purchase then orders.order_id end) as orders,
        sum(orders.products) as products,
        sum(case when orders.is_purchase then orders.exact_revenue else 0 end) as purchase_revenue,
        sum(orders.exact_revenue) as revenue
    from orders
    inner join days
        on orders.ordered_on <= days.snapshot_on
    group by days.snapshot_on, orders.customer_id
),

active_orders as (
    select
        days.snapshot_on,
        orders.customer_id,
        count(distinct case when orders.is_purchase then orders.order_id end) as orders,
        count(distinct case when orders.is_purchase and orders.ordered_on > days.recent_after then orders.order_id end) as orders_recent,
        count(distinct case when orders.is_purchase then orders.ordered_on end) as order_days,
        count(distinct case when orders.is_purchase then orders.store_id end) as stores,
        sum(orders.exact_revenue) as revenue,
        sum(case when orders.ordered_on > days.recent_after then orders.exact_revenue else 0 end) as revenue_recent,
        sum(orders.exact_promoted_revenue) as promoted_revenue,
        count(distinct case when orders.is_purchase and orders.channel = 'online' then orders.order_id end) as online_orders,
        count(
            distinct case
                when orders.is_purchase and {{ dbt.datediff("orders.week_starting", "orders.ordered_on", "day") }} >= 5 then orders.order_id
            end
        ) as weekend_orders
    from orders
    inner join days
        on orders.ordered_on > days.active_after and orders.ordered_on <= days.snapshot_on
    group by days.snapshot_on, orders.customer_id
),

later_orders as (
    select
        days.snapshot_on,
        orders.customer_id,
        count(distinct case when orders.ordered_on <= days.churn_window_ends_on then orders.order_id end) as orders_in_churn_window,
        count(distinct case when orders.ordered_on <= days.intent_window_ends_on then orders.order_id end) as orders_in_intent_window,
        sum(case when orders.ordered_on <= days.intent_window_ends_on then orders.exact_revenue else 0 end) as revenue_in_intent_window
    from orders
    inner join days
        on
            orders.ordered_on > days.snapshot_on
            and orders.ordered_on <= greatest(days.churn_window_ends_on, days.intent_window_ends_on)
    where orders.is_purchase
    group by days.snapshot_on, orders.customer_id
),

active_events as (
    select
        days.snapshot_on,
        human_events.customer_id,
        max(human_events.occurred_on) as last_session_on,
        count(distinct human_events.session_id) as sessions,
        count(distinct case when human_events.occurred_on > days.recent_after then human_events.session_id end) as sessions_recent,
        sum(case when human_events.occurred_on > days.recent_after and human_events.event_type = 'view' then 1 else 0 end) as views_recent,
        sum(case when human_events.occurred_on > days.recent_after and human_events.event_type = 'add_to_cart' then 1 else 0 end)
            as carts_recent,
        sum(case when human_events.occurred_on > days.recent_after and human_events.event_type = 'search' then 1 else 0 end)
            as searches_recent
    from human_events
    inner join days
        on human_events.occurred_on > days.active_after and human_events.occurred_on <= days.snapshot_on
    group by days.snapshot_on, human_events.customer_id
),

active_touches as (
    select
        days.snapshot_on,
        touches.customer_id,
        count(*) as touches,
        sum(case when touches.converted_on <= days.snapshot_on then 1 else 0 end) as conversions
    from touches
    inner join days
        on touches.touched_on > days.active_after and touches.touched_on <= days.snapshot_on
    group by days.snapshot_on, touches.customer_id
),

measured as (
    select
        known.customer_id,
        known.snapshot_on,
        known.is_current,
        known.regular_number,
        {{ dbt.datediff("known.seen_since", "known.snapshot_on", "day") }} + 1 as days_seen,
        {{ dbt.datediff("known.data_begins_on", "known.snapshot_on", "day") }} + 1 as days_of_data,
        {{ dbt.datediff("coalesce(least(past.first_ordered_on, known.known_since), known.known_since)", "known.snapshot_on", "day") }}
            as tenure_days,
        {{ dbt.datediff("past.last_ordered_on", "known.snapshot_on", "day") }} as recency_days,
        coalesce(past.orders, 0) as orders,
        coalesce(active.orders_recent, 0) as orders_recent,
        coalesce(active.orders, 0) as orders_active,
        coalesce(past.revenue, 0) as revenue,
        coalesce(active.revenue_recent, 0) as revenue_recent,
        coalesce(active.revenue, 0) as revenue_active,
        cast(past.purchase_revenue as double) / nullif(past.orders, 0) as average_basket,
        cast(past.products as double) / nullif(past.orders, 0) as products_per_order,
        case
            when past.order_days > 1
                then
                    cast({{ dbt.datediff("past.first_ordered_on", "past.last_ordered_on", "day") }} as double) / (past.order_days - 1)
        end as mean_days_between_orders,
        coalesce(active.order_days, 0) as order_days_active,
        -- Returns can make the part larger than the whole.
        case
            when active.revenue > 0
                then least(greatest(cast(active.promoted_revenue as double) / cast(active.revenue as double), 0), 1)
        end as promoted_share,
        cast(active.online_orders as double) / nullif(active.orders, 0) as online_share,
        cast(active.weekend_orders as double) / nullif(active.orders, 0) as weekend_share,
        coalesce(active.stores, 0) as stores_active,
        coalesce(events.sessions_recent, 0) as sessions_recent,
        coalesce(events.sessions, 0) as sessions_active,
        coalesce(events.views_recent, 0) as views_recent,
        coalesce(events.carts_recent, 0) as carts_recent,
        coalesce(events.searches_recent, 0) as searches_recent,
        {{ dbt.datediff("events.last_session_on", "known.snapshot_on", "day") }} as days_since_session,
        coalesce(touches.touches, 0) as touches_active,
        coalesce(touches.conversions, 0) as conversions_active,
        case when known.has_churn_window then coalesce(later.orders_in_churn_window, 0) end as orders_in_churn_window,
        case when known.has_intent_window then coalesce(later.orders_in_intent_window, 0) end as orders_in_intent_window,
        case when known.has_intent_window then coalesce(later.revenue_in_intent_window, 0) end as revenue_in_intent_window
    from known_customers as known
    left join past_orders as past
        on known.snapshot_on = past.snapshot_on and known.customer_id = past.customer_id
    left join active_orders as active
        on known.snapshot_on = active.snapshot_on and known.customer_id = active.customer_id
    left join later_orders as later
        on known.snapshot_on = later.snapshot_on and known.customer_id = later.customer_id
    left join active_events as events
        on known.snapshot_on = events.snapshot_on and known.customer_id = events.customer_id
    left join active_touches as touches
        on known.snapshot_on = touches.snapshot_on and known.customer_id = touches.customer_id
),

-- A trend is counted over the days on which the customer could be seen, a week at least. A level is counted over the days of the data:
-- over the few days since the first order, which is one of them, it would promise many times what follows.
seen as (
    select
        *,
        greatest(least(days_of_data, 7 * {{ var("active_weeks") }}), 7) / 7.0 as active_weeks_in_data,
        greatest(least(days_seen, 7 * {{ var("active_weeks") }}), 7) / 7.0 as active_weeks_seen,
        greatest(least(days_seen, 7 * {{ var("recent_weeks") }}), 7) / 7.0 as recent_weeks_seen
    from measured
),

final as (
    select
        -- ids
        customer_id,
        snapshot_on,
        is_current,
        regular_number,

        -- purchases
        cast(tenure_days as bigint) as tenure_days,
        cast(recency_days as bigint) as recency_days,
        cast(orders as bigint) as orders,
        cast(orders_recent as bigint) as orders_recent,
        cast(orders_active as bigint) as orders_active,
        cast(revenue as double) as revenue,
        cast(revenue_recent as double) as revenue_recent,
        cast(revenue_active as double) as revenue_active,
        average_basket,
        products_per_order,
        mean_days_between_orders,
        case when mean_days_between_orders > 0 then cast(recency_days as double) / mean_days_between_orders end as lateness,
        cast(order_days_active as bigint) as order_days_active,
        cast(days_seen as bigint) as days_seen,
        cast(active_weeks_in_data as double) as active_weeks_in_data,
        cast(orders_recent as double) / cast(recent_weeks_seen as double)
        - cast(orders_active as double) / cast(active_weeks_seen as double) as order_trend,
        promoted_share,
        online_share,
        weekend_share,
        cast(stores_active as bigint) as stores_active,

        -- browsing
        cast(sessions_recent as bigint) as sessions_recent,
        cast(sessions_active as bigint) as sessions_active,
        cast(views_recent as bigint) as views_recent,
        cast(carts_recent as bigint) as carts_recent,
        cast(searches_recent as bigint) as searches_recent,
        cast(days_since_session as bigint) as days_since_session,

        -- campaigns
        cast(touches_active as bigint) as touches_active,
        cast(conversions_active as bigint) as conversions_active,

        -- what came after
        cast(orders_in_churn_window as bigint) as orders_in_churn_window,
        cast(orders_in_intent_window as bigint) as orders_in_intent_window,
        cast(revenue_in_intent_window as double) as revenue_in_intent_window
    from seen
)

select * from final
