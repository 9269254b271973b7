with customers as (
    select * from {{ ref('int_customers') }}
),

snapshots as (
    select * from {{ ref('int_customer_snapshots') }}
    where is_current
),

segments as (
    select * from {{ ref('score_customer_segments') }}
),

scores as (
    select * from {{ ref('score_customers') }}
),

risks as (
    select * from {{ ref('score_churn_risks') }}
),

orders as (
    select * from {{ ref('int_customer_orders') }}
),

uplifts as (
    select * from {{ ref('score_uplift') }}
),

spending as (
    select
        customer_id,
        round(percent_rank() over (order by round(revenue_active, 4)), 6) as spending_percentile
    from snapshots
    where orders_active > 0
),

final as (
    select
        customers.customer_id,

        -- numbers
        cast(snapshots.tenure_days as bigint) as tenure_days,
        cast(snapshots.recency_days as bigint) as recency_days,
        cast(coalesce(snapshots.orders, 0) as bigint) as orders,
        cast(coalesce(snapshots.orders_recent, 0) as bigint) as orders_recent,
        cast(coalesce(snapshots.orders_active, 0) as bigint) as orders_active,
        coalesce(snapshots.revenue_active, 0) as revenue_active,
        cast(spending.spending_percentile as double) as spending_percentile,
        snapshots.average_basket,
        snapshots.lateness,
        snapshots.order_trend,
        snapshots.promoted_share,
        snapshots.online_share,
        cast(coalesce(snapshots.sessions_active, 0) as bigint) as sessions_active,
        cast(coalesce(snapshots.touches_active, 0) as bigint) as touches_active,
        cast(coalesce(snapshots.conversions_active, 0) as bigint) as conversions_active,
        scores.churn_probability,
        scores.purchase_probability,
        scores.expected_spend,
        uplifts.uplift,

        -- words
        coalesce(segments.segment_kind, '(no segment)') as segment,
        coalesce(segments.segment_name, '(no segment)') as segment_name,
        case when coalesce(risks.is_churn_risk, false) then 'true' else 'false' end
            as is_churn_risk,
        case when coalesce(uplifts.uplift <= -{{ var("uplift_least_effect") }}, false) then 'true' else 'false' end as is_put_off,
        customers.age_band,
        customers.gender,
        customers.region,
        customers.income_band,
        customers.household_size,
        orders.favourite_weekday as usual_weekday,

        scores.churn_reasons
    from customers
    left join snapshots
        on customers.customer_id = snapshots.customer_id
    left join segments
        on customers.customer_id = segments.customer_id
    left join scores
        on customers.customer_id = scores.customer_id
    left join risks
        on customers.customer_id = risks.customer_id
    left join orders
        on customers.customer_id = orders.customer_id
    left join uplifts
        on customers.customer_id = uplifts.customer_id
    left join spending
        on customers.customer_id = spending.customer_id
)

select * from final
