with answers as (
    select * from {{ ref('int_feedback_answers') }}
),

final as (
    select
        feedback_text,
        cast(count(*) as bigint) as answers,
        cast(sum(case when rating > 3 then 1 else 0 end) as bigint) as good_answers,
        cast(sum(case when rating = 3 then 1 else 0 end) as bigint) as middling_answers,
        cast(sum(case when rating < 3 then 1 else 0 end) as bigint) as bad_answers
    from answers
    where feedback_text is not null
    group by feedback_text
)

select * from final
