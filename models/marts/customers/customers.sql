with listed as (
    select * from {{ ref('int_customers') }}
),

demographics as (
    select * from {{ ref('int_published_demographics') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

orders as (
    select * from {{ ref('int_customer_orders') }}
),

browsing as (
    select * from {{ ref('int_customer_browsing') }}
),

snapshots as (
    select * from {{ ref('int_customer_snapshots') }}
    where is_current
),

price_levels as (
    select * from {{ ref('int_customer_price_levels') }}
),

interests as (
    select
        customer_id,
        {{ joined_list(ordered_list("category", "interest_rank"), ", ") }} as top_categories,
        max(affinity) as top_affinity
    from {{ ref('int_customer_interests') }}
    group by customer_id
),

touches as (
    select
        customer_id,
        count(*) as campaign_touches,
        sum(case when converted_at is not null then 1 else 0 end) as campaign_conversions
    from {{ ref('stg_raw__campaign_touches') }}
    where not {{ is_held_out("variant") }}
    group by customer_id
),

ratings as (
    select
        customer_id,
        count(rating) as ratings,
        avg(cast(rating as double)) as mean_rating
    from {{ ref('stg_raw__feedback') }}
    where customer_id is not null
    group by customer_id
),

anonymous as (
    select customer_id from orders
    where customer_id = '{{ anonymous_customer() }}'
    union distinct
    select customer_id from browsing
    where customer_id = '{{ anonymous_customer() }}'
),

everybody as (
    select
        customer_id,
        is_listed,
        false as is_anonymous,
        known_since
    from listed
    union all
    select
        customer_id,
        false as is_listed,
        true as is_anonymous,
        cast(null as date) as known_since
    from anonymous
),

weekly_spenders as (
    select
        customer_id,
        revenue * 7 / greatest(days_seen, 7 * active_weeks_in_data) as weekly_revenue
    from snapshots
    where revenue > 0
),

spending as (
    select
        customer_id,
        weekly_revenue,
        ntile(5) over (order by round(weekly_revenue, 6) asc, customer_id asc) as spending_power
    from weekly_spenders
),

final as (
    select
        -- ids
        everybody.customer_id,
        everybody.is_anonymous,
        everybody.is_listed,
        clock.as_of_date,

        -- basic
        demographics.age_band,
        demographics.gender,
        demographics.region,
        demographics.income_band,
        demographics.household_size,
        coalesce(demographics.demographics_withheld, 0) as demographics_withheld,
        everybody.known_since,
        snapshots.tenure_days,

        -- purchases
        orders.first_ordered_on,
        orders.last_ordered_on,
        snapshots.recency_days,
        coalesce(orders.orders, 0) as orders,
        coalesce(orders.units, 0) as units,
        coalesce(orders.revenue, 0) as revenue,
        coalesce(snapshots.orders_active, 0) as orders_active,
        coalesce(snapshots.revenue_active, 0) as revenue_active,
        orders.purchase_revenue / nullif(orders.orders, 0) as average_basket,
        snapshots.mean_days_between_orders,
        case
            when orders.revenue > 0 then least(greatest(orders.promoted_revenue / orders.revenue, 0), 1)
        end as promoted_share,
        cast(orders.online_orders as double) / nullif(orders.orders, 0) as online_share,
        cast(orders.weekend_orders as double) / nullif(orders.orders, 0) as weekend_share,
        orders.favourite_weekday,
        orders.favourite_store_id,
        coalesce(orders.stores, 0) as stores,

        -- interests
        interests.top_categories,
        interests.top_affinity,

        -- spending power
        spending.weekly_revenue,
        cast(spending.spending_power as bigint) as spending_power,
        price_levels.price_level,

        -- browsing
        coalesce(browsing.sessions, 0) as sessions,
        coalesce(browsing.product_views, 0) as product_views,
        coalesce(browsing.searches, 0) as searches,
        coalesce(browsing.purchase_sessions, 0) as purchase_sessions,
        coalesce(browsing.abandoned_carts, 0) as abandoned_carts,
        browsing.last_browsed_on,

        -- campaigns and feedback
        cast(coalesce(touches.campaign_touches, 0) as bigint) as campaign_touches,
        cast(coalesce(touches.campaign_conversions, 0) as bigint) as campaign_conversions,
        cast(coalesce(ratings.ratings, 0) as bigint) as ratings,
        ratings.mean_rating
    from everybody
    cross join clock
    left join demographics
        on everybody.customer_id = demographics.customer_id
    left join orders
        on everybody.customer_id = orders.customer_id
    left join browsing
        on everybody.customer_id = browsing.customer_id
    left join snapshots
        on everybody.customer_id = snapshots.customer_id
    left join price_levels
        on everybody.customer_id = price_levels.customer_id
    left join interests
        on everybody.customer_id = interests.customer_id
    left join spending
        on everybody.customer_id = spending.customer_id
    left join touches
        on everybody.customer_id = touches.customer_id
    left join ratings
        on everybody.customer_id = ratings.customer_id
)

select * from final
