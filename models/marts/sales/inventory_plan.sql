with stock_levels as (
    select * from {{ ref('int_stock_levels') }}
),

demand as (
    select * from {{ ref('score_inventory_demand') }}
),

plans as (
    select * from {{ ref('score_inventory_plan') }}
),

stock_status as (
    select * from {{ ref('score_stock_status') }}
),

products as (
    select * from {{ ref('int_products') }}
),

prices as (
    select * from {{ ref('int_product_prices') }}
),

planned as (
    select
        stock_levels.product_id,
        stock_levels.store_id,
        products.product_name,
        products.category,
        stock_levels.counted_units,
        stock_levels.on_hand,
        stock_levels.counted_on,
        cast(stock_levels.count_age_days as bigint) as count_age_days,
        stock_levels.sold_since_count,
        stock_levels.lead_time_days,
        stock_levels.is_default_lead_time,
        demand.demand_source,
        demand.demand_share,
        demand.daily_demand,
        demand.delivery_units,
        demand.protection_units,
        demand.model_version,
        demand.last_sold_on,
        plans.safety_stock,
        plans.reorder_point,
        plans.order_up_to_level,
        plans.stockout_probability,
        round(coalesce(products.unit_cost, prices.price_paid), 6) as unit_value,
        case
            when products.unit_cost is not null then 'unit cost'
            when prices.price_paid is not null then 'price paid'
            else 'not known'
        end as valued_at,
        stock_status.days_of_cover,
        stock_status.status
    from stock_levels
    inner join demand
        on
            stock_levels.product_id = demand.product_id
            and coalesce(stock_levels.store_id, '') = coalesce(demand.store_id, '')
    inner join plans
        on
            stock_levels.product_id = plans.product_id
            and coalesce(stock_levels.store_id, '') = coalesce(plans.store_id, '')
    inner join stock_status
        on
            stock_levels.product_id = stock_status.product_id
            and coalesce(stock_levels.store_id, '') = coalesce(stock_status.store_id, '')
    left join products
        on stock_levels.product_id = products.product_id
    left join prices
        on stock_levels.product_id = prices.product_id
),

ordered as (
    select
        *,
        case
            when status in ('stock_out', 'reorder_now') then cast(ceil(order_up_to_level - on_hand) as double)
            when status not in ('unknown_product', 'count_again') then 0
        end as order_quantity,
        case
            when status = 'dead_stock' then on_hand
            when status = 'excess'
                then
                    cast(
                        floor(least(on_hand - order_up_to_level, on_hand - {{ var("excess_cover_days") }} * daily_demand))
                        as double
                    )
            when status not in ('unknown_product', 'count_again') then 0
        end as excess_units
    from planned
),

final as (
    select
        product_id,
        store_id,
        product_name,
        category,
        status,
        case status
            when 'unknown_product' then 'counted, but neither listed nor ever sold'
            when 'count_again'
                then
                    case
                        when count_age_days > {{ var("max_count_age_days") }}
                            then 'counted ' || cast(count_age_days as {{ dbt.type_string() }}) || ' days ago'
                        else 'counted many times as much as ever before'
                    end
            when 'stock_out'
                then case when counted_units < 0 then 'none on hand, booked out before booked in' else 'none on hand' end
            when 'ended' then 'none on hand and none sold lately'
            when 'dead_stock'
                then
                    'none sold '
                    || coalesce('since ' || cast(last_sold_on as {{ dbt.type_string() }}), 'as far back as is known')
            when 'reorder_now'
                then
                    'at the reorder point: would last ' || cast(cast(floor(days_of_cover) as bigint) as {{ dbt.type_string() }})
                    || ' days'
            when 'ok' then 'above the reorder point'
            else
                coalesce(
                    'would last ' || cast(cast(floor(days_of_cover) as bigint) as {{ dbt.type_string() }}) || ' days',
                    'nothing more is expected to sell'
                )
        end as reason,
        on_hand,
        counted_on,
        count_age_days,
        sold_since_count,
        lead_time_days,
        is_default_lead_time,
        demand_source,
        demand_share,
        daily_demand,
        delivery_units as demand_until_delivery,
        protection_units as demand_until_next_order,
        safety_stock,
        reorder_point,
        order_up_to_level,
        order_quantity,
        case when status not in ('unknown_product', 'count_again') then days_of_cover end as days_of_cover,
        case when status not in ('unknown_product', 'count_again') then stockout_probability end as stockout_probability,
        last_sold_on,
        unit_value,
        valued_at,
        round(on_hand * unit_value, 4) as money_tied_up,
        round(excess_units, 6) as excess_units,
        round(excess_units * unit_value, 4) as excess_money,
        round(order_quantity * unit_value, 4) as order_value,
        model_version
    from ordered
)

select * from final
