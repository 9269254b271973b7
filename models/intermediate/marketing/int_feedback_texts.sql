with answers as (
    select * from {{ ref('int_feedback_answers') }}
),

-- Whoever gave no name may be one person. More customers than make a word common need not be known.
writers as (
    select distinct
        feedback_text,
        coalesce(customer_id, '(anonymous)') as customer_id
    from answers
    where feedback_text is not null
),

numbered_writers as (
    select
        feedback_text,
        customer_id,
        row_number() over (partition by feedback_text order by customer_id) as writer_number
    from writers
),

first_writers as (
    select
        feedback_text,
        {{ ordered_list("customer_id", "writer_number") }} as customer_ids
    from numbered_writers
    where writer_number <= {{ var("k_anonymity") }}
    group by feedback_text
),

texts as (
    select
        feedback_text,
        cast(count(*) as bigint) as answers,
        cast(sum(case when rating > 3 then 1 else 0 end) as bigint) as good_answers,
        cast(sum(case when rating = 3 then 1 else 0 end) as bigint) as middling_answers,
        cast(sum(case when rating < 3 then 1 else 0 end) as bigint) as bad_answers
    from answers
    where feedback_text is not null
    group by feedback_text
),

final as (
    select
        texts.feedback_text,
        first_writers.customer_ids,
        texts.answers,
        texts.good_answers,
        texts.middling_answers,
        texts.bad_answers
    from texts
    inner join first_writers
        on texts.feedback_text = first_writers.feedback_text
)

select * from final
