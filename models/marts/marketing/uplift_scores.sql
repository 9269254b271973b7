with scores as (
    select * from {{ ref('score_uplift') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

final as (
    select
        customer_id,
        (select clock.as_of_date from clock) as as_of_date,
        uplift,
        cast(row_number() over (order by uplift desc, uplift_revenue desc, customer_id asc) as bigint) as uplift_rank,
        uplift_revenue,
        response_probability,
        base_probability,
        case
            when uplift >= {{ var("uplift_least_effect") }} then 'persuadable'
            when uplift <= -{{ var("uplift_least_effect") }} then 'put off'
            when base_probability >= {{ var("sure_thing_probability") }} then 'sure thing'
            else 'lost cause'
        end as uplift_group,
        uplift_reasons,
        uplift_reason_codes,
        learner,
        model_version
    from scores
)

select * from final
