{%- set weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] -%}

with orders as (
    select
        *,
        coalesce(customer_id, '{{ anonymous_customer() }}') as buyer_id,
        cast(units as decimal(28, 4)) as exact_units,
        cast(revenue as decimal(28, 4)) as exact_revenue,
        cast(promoted_revenue as decimal(28, 4)) as exact_promoted_revenue,
        {{ dbt.datediff("week_starting", "ordered_on", "day") }} as days_after_monday
    from {{ ref('int_orders') }}
),

-- Returns included, so that nothing that was sold or taken back is left out.
summed as (
    select
        buyer_id,
        sum(exact_units) as units,
        sum(exact_revenue) as revenue,
        sum(exact_promoted_revenue) as promoted_revenue
    from orders
    group by buyer_id
),

purchases as (
    select * from orders
    where is_purchase
),

counted as (
    select
        buyer_id,
        count(distinct order_id) as orders,
        sum(exact_revenue) as purchase_revenue,
        count(distinct ordered_on) as order_days,
        count(distinct store_id) as stores,
        count(distinct case when channel = 'online' then order_id end) as online_orders,
        count(distinct case when days_after_monday >= 5 then order_id end) as weekend_orders,
        min(ordered_on) as first_ordered_on,
        max(ordered_on) as last_ordered_on
    from purchases
    group by buyer_id
),

weekday_orders as (
    select
        buyer_id,
        days_after_monday,
        count(distinct order_id) as orders
    from purchases
    group by buyer_id, days_after_monday
),

favourite_weekdays as (
    select
        buyer_id,
        case days_after_monday
            {%- for weekday in weekdays %}
            when {{ loop.index0 }} then '{{ weekday }}'
            {%- endfor %}
        end as favourite_weekday,
        row_number() over (partition by buyer_id order by orders desc, days_after_monday asc) as place
    from weekday_orders
),

store_orders as (
    select
        buyer_id,
        store_id,
        count(distinct order_id) as orders
    from purchases
    where store_id is not null
    group by buyer_id, store_id
),

favourite_stores as (
    select
        buyer_id,
        store_id as favourite_store_id,
        row_number() over (partition by buyer_id order by orders desc, store_id asc) as place
    from store_orders
),

final as (
    select
        summed.buyer_id as customer_id,
        cast(coalesce(counted.orders, 0) as bigint) as orders,
        cast(coalesce(counted.order_days, 0) as bigint) as order_days,
        cast(summed.units as double) as units,
        cast(summed.revenue as double) as revenue,
        cast(coalesce(counted.purchase_revenue, 0) as double) as purchase_revenue,
        cast(summed.promoted_revenue as double) as promoted_revenue,
        cast(coalesce(counted.stores, 0) as bigint) as stores,
        cast(coalesce(counted.online_orders, 0) as bigint) as online_orders,
        cast(coalesce(counted.weekend_orders, 0) as bigint) as weekend_orders,
        favourite_weekdays.favourite_weekday,
        favourite_stores.favourite_store_id,
        counted.first_ordered_on,
        counted.last_ordered_on
    from summed
    left join counted
        on summed.buyer_id = counted.buyer_id
    left join favourite_weekdays
        on summed.buyer_id = favourite_weekdays.buyer_id and favourite_weekdays.place = 1
    left join favourite_stores
        on summed.buyer_id = favourite_stores.buyer_id and favourite_stores.place = 1
)

select * from final
