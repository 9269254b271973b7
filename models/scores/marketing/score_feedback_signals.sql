with answers as (
    select * from {{ ref('score_feedback_answers') }}
),

measured as (
    select
        subject_kind,
        subject_id,
        {{ feedback_measures() | indent(8) }}
    from answers
    group by subject_kind, subject_id
),

final as (
    select
        *,
        case subject_kind when 'product' then 'recommendations' when 'campaign_type' then 'strategies' else 'nothing' end as moves,
        round(
            1 + signal * case subject_kind
                when 'product' then {{ var("feedback_recommendation_weight") }}
                when 'campaign_type' then {{ var("feedback_priority_weight") }}
                else 0
            end, 6
        ) as factor
    from measured
)

select * from final
