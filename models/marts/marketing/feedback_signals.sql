with signals as (
    select * from {{ ref('score_feedback_signals') }}
),

answers as (
    select * from {{ ref('score_feedback_answers') }}
),

words as (
    select * from {{ ref('score_feedback_words') }}
),

recommendations as (
    select * from {{ ref('score_recommendations') }}
),

products as (
    select * from {{ ref('int_products') }}
),

campaigns as (
    select * from {{ ref('stg_raw__campaigns') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

-- What customers said of products that stand in their own list now. No list of an earlier day is kept.
answers_on_recommended as (
    select
        recommendations.source,
        answers.*
    from answers
    inner join recommendations
        on
            answers.subject_id = recommendations.product_id
            and answers.customer_id = recommendations.customer_id
    where answers.subject_kind = 'product'
),

sources as (
    select
        'recommendation_source' as subject_kind,
        source as subject_id,
        {{ feedback_measures() | indent(8) }},
        'nothing' as moves,
        cast(1 as double) as factor
    from answers_on_recommended
    group by source
),

subjects as (
    select * from signals
    union all
    select * from sources
),

reasoned as (
    select
        *,
        case when answers = 1 then '1 answer' else {{ dbt.concat(["cast(answers as " ~ dbt.type_string() ~ ")", "' answers'"]) }} end
        || case
            when rated_answers > 0
                then ', ' || cast(cast(mean_rating as decimal(4, 1)) as {{ dbt.type_string() }}) || ' stars on average'
            else ''
        end
        || case
            when read_answers > 0
                then
                    ', ' || cast(bad_texts as {{ dbt.type_string() }}) || ' of ' || cast(read_answers as {{ dbt.type_string() }})
                    || case when read_answers = 1 then ' text is bad' else ' texts are bad' end
            else ''
        end
        || case
            when contradictory_answers > 0
                then ', ' || cast(contradictory_answers as {{ dbt.type_string() }}) || ' whose stars and words disagree'
            else ''
        end
        || case
            when opinion_trend > 2 * opinion_trend_error then ', rising'
            when opinion_trend < -2 * opinion_trend_error then ', falling'
            else ''
        end
        || case
            when signal > 2 * signal_error then ': liked more than usual'
            when signal < -2 * signal_error then ': liked less than usual'
            else ': not clearly other than usual'
        end as reason
    from subjects
),

final as (
    select
        -- ids
        reasoned.subject_kind,
        reasoned.subject_id,

        -- text
        case reasoned.subject_kind
            when 'product' then products.product_name
            when 'campaign' then campaigns.campaign_name
            else reasoned.subject_id
        end as subject_name,
        words.top_words,
        reasoned.reason,
        reasoned.moves,

        -- numerics
        reasoned.answers,
        reasoned.counted_answers,
        reasoned.rated_answers,
        reasoned.text_answers,
        reasoned.read_answers,
        reasoned.mean_rating,
        reasoned.mean_sentiment,
        reasoned.bad_texts,
        reasoned.good_texts,
        reasoned.contradictory_answers,
        reasoned.opinion_trend,
        reasoned.opinion_trend_error,
        reasoned.signal,
        reasoned.signal_error,
        reasoned.factor,

        -- dates
        reasoned.newest_answer_on,
        (select clock.as_of_date from clock) as as_of_date
    from reasoned
    left join words
        on
            reasoned.subject_kind = words.subject_kind
            and reasoned.subject_id = words.subject_id
    left join products
        on
            reasoned.subject_kind = 'product'
            and reasoned.subject_id = products.product_id
    left join campaigns
        on
            reasoned.subject_kind = 'campaign'
            and reasoned.subject_id = campaigns.campaign_id
)

select * from final
