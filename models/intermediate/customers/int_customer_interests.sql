with category_days as (
    select * from {{ ref('int_customer_category_days') }}
),

bought as (
    select
        customer_id,
        category,
        count(*) as order_days,
        sum(cast(revenue as decimal(28, 4))) as revenue
    from category_days
    group by customer_id, category
),

shared as (
    select
        *,
        sum(order_days) over (partition by customer_id) as all_order_days,
        sum(revenue) over (partition by customer_id) as all_revenue,
        cast(sum(order_days) over (partition by category) as double) / sum(order_days) over () as population_share
    from bought
),

-- Few days say little: the customer is taken to be like all until enough of them say otherwise.
compared as (
    select
        *,
        round(
            (order_days + {{ var("interest_shrinkage_days") }} * population_share)
            / cast(all_order_days + {{ var("interest_shrinkage_days") }} as double)
            / population_share,
            6
        ) as affinity
    from shared
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id order by affinity desc, order_days desc, category asc
        ) as interest_rank
    from compared
    where order_days >= {{ var("min_interest_days") }}
),

final as (
    select
        customer_id,
        category,
        cast(interest_rank as bigint) as interest_rank,
        cast(order_days as bigint) as order_days,
        cast(revenue as double) as revenue,
        case when all_revenue > 0 then cast(revenue as double) / cast(all_revenue as double) end as revenue_share,
        affinity
    from ranked
    where interest_rank <= {{ var("interest_categories") }}
)

select * from final
