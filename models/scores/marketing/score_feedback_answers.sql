with answers as (
    select * from {{ ref('int_feedback_answers') }}
    where is_recent
),

sentiments as (
    select * from {{ ref('score_feedback_sentiments') }}
),

read_answers as (
    select
        answers.*,
        sentiments.sentiment,
        case
            when answers.rating is null then sentiments.sentiment
            when sentiments.sentiment is null then (answers.rating - 3) / 2
            else ((answers.rating - 3) / 2 + sentiments.sentiment) / 2
        end as opinion
    from answers
    left join sentiments
        on answers.feedback_text = sentiments.feedback_text
),

subjects as (
    select
        'product' as subject_kind,
        product_id as subject_id,
        'product' as usual_of,
        read_answers.*
    from read_answers
    where product_id is not null
    union all
    select
        'campaign' as subject_kind,
        campaign_id as subject_id,
        'campaign' as usual_of,
        read_answers.*
    from read_answers
    where campaign_id is not null
    union all
    select
        'campaign_type' as subject_kind,
        campaign_type as subject_id,
        'campaign' as usual_of,
        read_answers.*
    from read_answers
    where campaign_type is not null
),

-- Who answers ten times on one thing is one customer with one opinion: the newest.
numbered as (
    select
        *,
        row_number() over (
            partition by
                subject_kind,
                subject_id,
                customer_id,
                case when customer_id is null then feedback_id end,
                opinion is null
            order by answered_at desc, feedback_id desc
        ) as newness
    from subjects
),

counted as (
    select
        *,
        opinion is not null and newness = 1 as is_counted
    from numbered
),

usual as (
    select
        subject_kind as usual_of,
        cast(sum(cast(rating as decimal(18, 6))) as double) / nullif(count(rating), 0) as usual_rating,
        cast(sum(cast(opinion as decimal(18, 6))) as double) / count(*) as usual_opinion,
        cast(sum(cast(opinion * opinion as decimal(18, 6))) as double) / count(*) as usual_square
    from counted
    where is_counted and subject_kind in ('product', 'campaign')
    group by subject_kind
),

final as (
    select
        -- ids
        counted.subject_kind,
        counted.subject_id,
        counted.feedback_id,
        counted.customer_id,

        -- text
        counted.feedback_text,

        -- numerics
        counted.rating,
        counted.sentiment,
        round(counted.opinion, 6) + 0 as opinion,
        round(usual.usual_rating, 6) as usual_rating,
        round(usual.usual_opinion, 6) + 0 as usual_opinion,
        round(
            sqrt(greatest(usual.usual_square - usual.usual_opinion * usual.usual_opinion, 0)), 6
        ) as usual_spread,

        -- booleans
        counted.is_counted,
        coalesce(
            counted.rating > 3 and counted.sentiment < 0 or counted.rating < 3 and counted.sentiment > 0, false
        ) as is_contradictory,
        counted.is_in_newer_half,

        -- dates
        counted.answered_on
    from counted
    left join usual
        on counted.usual_of = usual.usual_of
)

select * from final
