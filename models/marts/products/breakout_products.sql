with scores as (
    select * from {{ ref('score_breakout_products') }}
),

launches as (
    select * from {{ ref('int_launches') }}
),

products as (
    select * from {{ ref('int_products') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

final as (
    select
        scores.product_id,
        products.product_name,
        products.category,
        clock.as_of_date,
        launches.launched_on,
        launches.weeks_on_sale,
        launches.launch_units,
        scores.breakout_probability,
        scores.later_breakout_probability,
        scores.is_breakout,
        cast(
            row_number() over (
                order by scores.breakout_probability desc, launches.launch_units desc, scores.product_id asc
            ) as bigint
        ) as breakout_rank,
        scores.top_reasons,
        scores.top_reason_codes,
        scores.model_version
    from scores
    inner join launches
        on scores.product_id = launches.product_id
    inner join products
        on scores.product_id = products.product_id
    cross join clock
)

select * from final
