with stock_levels as (
    select * from {{ ref('int_stock_levels') }}
),

demand as (
    select * from {{ ref('score_inventory_demand') }}
),

plans as (
    select * from {{ ref('score_inventory_plan') }}
),

products as (
    select product_id from {{ ref('int_products') }}
),

clock as (
    select as_of_date from {{ ref('base_raw__clock') }}
),

planned as (
    select
        stock_levels.product_id,
        stock_levels.store_id,
        products.product_id is not null as is_known,
        stock_levels.on_hand,
        stock_levels.is_doubtful,
        stock_levels.count_age_days,
        demand.daily_demand,
        plans.reorder_point,
        plans.order_up_to_level,
        case when demand.daily_demand > 0 then stock_levels.on_hand / demand.daily_demand end as days_of_cover,
        coalesce(
            demand.last_sold_on
            > cast({{ dbt.dateadd("day", -1 * var("dead_stock_days"), "(select clock.as_of_date from clock)") }} as date),
            false
        ) as has_sold_lately
    from stock_levels
    inner join demand
        on
            stock_levels.product_id = demand.product_id
            and coalesce(stock_levels.store_id, '') = coalesce(demand.store_id, '')
    inner join plans
        on
            stock_levels.product_id = plans.product_id
            and coalesce(stock_levels.store_id, '') = coalesce(plans.store_id, '')
    left join products
        on stock_levels.product_id = products.product_id
),

final as (
    select
        product_id,
        store_id,
        on_hand,
        round(days_of_cover, 6) as days_of_cover,
        case
            when not is_known then 'unknown_product'
            when is_doubtful or count_age_days > {{ var("max_count_age_days") }} then 'count_again'
            when on_hand = 0 and daily_demand > 0 then 'stock_out'
            when on_hand = 0 then 'ended'
            when not has_sold_lately then 'dead_stock'
            when on_hand <= reorder_point then 'reorder_now'
            when on_hand > order_up_to_level and days_of_cover > {{ var("excess_cover_days") }} then 'excess'
            when on_hand > order_up_to_level and days_of_cover > {{ var("slow_mover_days") }} then 'slow_mover'
            -- A forecast may come to nothing where sales have only just ended.
            when daily_demand = 0 then 'slow_mover'
            else 'ok'
        end as status
    from planned
)

select * from final
