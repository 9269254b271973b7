with scores as (
    select * from {{ ref('score_recommendations') }}
),

products as (
    select * from {{ ref('int_products') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

final as (
    select
        scores.customer_id,
        cast(scores.recommendation_rank as bigint) as recommendation_rank,
        scores.product_id,
        products.product_name,
        products.category,
        clock.as_of_date,
        scores.score,
        scores.source,
        scores.is_repeat,
        scores.reason,
        scores.model_version
    from scores
    inner join products
        on scores.product_id = products.product_id
    cross join clock
)

select * from final
