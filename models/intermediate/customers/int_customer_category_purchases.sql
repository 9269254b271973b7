with days as (
    select * from {{ ref('int_snapshot_days') }}
),

category_days as (
    select * from {{ ref('int_customer_category_days') }}
),

bought as (
    select
        days.snapshot_on,
        category_days.customer_id,
        category_days.category,
        count(*) as order_days,
        sum(case when category_days.ordered_on > days.recent_after then 1 else 0 end) as order_days_recent,
        sum(case when category_days.ordered_on > days.active_after then 1 else 0 end) as order_days_active,
        sum(case when category_days.ordered_on > days.active_after then cast(category_days.revenue as decimal(28, 4)) else 0 end)
            as revenue_active,
        min(category_days.ordered_on) as first_ordered_on,
        max(category_days.ordered_on) as last_ordered_on
    from category_days
    inner join days
        on category_days.ordered_on <= days.snapshot_on
    group by days.snapshot_on, category_days.customer_id, category_days.category
),

shared as (
    select
        *,
        cast(order_days as double) / sum(order_days) over (partition by snapshot_on, customer_id) as own_share,
        cast(sum(order_days) over (partition by snapshot_on, category) as double)
        / sum(order_days) over (partition by snapshot_on) as population_share,
        row_number() over (
            partition by snapshot_on, customer_id order by order_days desc, last_ordered_on desc, category asc
        ) as category_rank
    from bought
),

top_categories as (
    select * from shared
    where category_rank <= {{ var("intent_categories") }}
),

later_days as (
    select
        days.snapshot_on,
        category_days.customer_id,
        category_days.category,
        count(*) as order_days
    from category_days
    inner join days
        on category_days.ordered_on > days.snapshot_on and category_days.ordered_on <= days.intent_window_ends_on
    group by days.snapshot_on, category_days.customer_id, category_days.category
),

measured as (
    select
        top_categories.*,
        days.is_current,
        case when days.has_intent_window then coalesce(later_days.order_days, 0) end as order_days_in_intent_window
    from top_categories
    inner join days
        on top_categories.snapshot_on = days.snapshot_on
    left join later_days
        on
            top_categories.snapshot_on = later_days.snapshot_on
            and top_categories.customer_id = later_days.customer_id
            and top_categories.category = later_days.category
),

timed as (
    select
        *,
        {{ dbt.datediff("last_ordered_on", "snapshot_on", "day") }} as recency_days,
        case
            when order_days > 1
                then cast({{ dbt.datediff("first_ordered_on", "last_ordered_on", "day") }} as double) / (order_days - 1)
        end as mean_days_between
    from measured
),

final as (
    select
        customer_id,
        snapshot_on,
        is_current,
        category,
        cast(category_rank as bigint) as category_rank,
        cast(order_days as bigint) as order_days,
        cast(order_days_recent as bigint) as order_days_recent,
        cast(order_days_active as bigint) as order_days_active,
        cast(revenue_active as double) as revenue_active,
        cast(recency_days as bigint) as recency_days,
        mean_days_between,
        case when mean_days_between > 0 then cast(recency_days as double) / mean_days_between end as lateness,
        own_share / population_share as affinity,
        cast(order_days_in_intent_window as bigint) as order_days_in_intent_window
    from timed
)

select * from final
