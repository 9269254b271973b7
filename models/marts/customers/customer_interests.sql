with interests as (
    select * from {{ ref('int_customer_interests') }}
),

final as (
    select
        customer_id,
        interest_rank,
        category,
        order_days,
        revenue,
        revenue_share,
        affinity
    from interests
)

select * from final
