with analogs as (
    select * from {{ ref('score_product_analogs') }}
),

products as (
    select * from {{ ref('int_products') }}
),

increments as (
    select * from {{ ref('int_positive_increments') }}
),

final as (
    select
        analogs.product_id,
        analogs.analog_product_id,
        products.product_name as analog_product_name,
        analogs.distance,
        analogs.analog_rank,
        analogs.in_cluster,
        increments.launched_on as analog_launched_on,
        increments.positive_weeks as analog_positive_weeks,
        increments.is_breakout as analog_was_breakout
    from analogs
    inner join products
        on analogs.analog_product_id = products.product_id
    inner join increments
        on analogs.analog_product_id = increments.product_id
)

select * from final
