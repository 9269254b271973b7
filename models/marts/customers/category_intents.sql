with scores as (
    select * from {{ ref('score_category_intents') }}
),

categories as (
    select * from {{ ref('int_customer_category_snapshots') }}
    where is_current
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

final as (
    select
        scores.customer_id,
        scores.category,
        clock.as_of_date,
        cast(
            row_number() over (
                partition by scores.customer_id
                order by scores.category_purchase_probability desc, scores.category_rank asc, scores.category asc
            ) as bigint
        ) as intent_rank,
        scores.category_purchase_probability,
        scores.category_rank,
        categories.order_days,
        categories.recency_days,
        categories.mean_days_between,
        categories.lateness,
        scores.model_version
    from scores
    inner join categories
        on
            scores.customer_id = categories.customer_id
            and scores.category = categories.category
    cross join clock
)

select * from final
