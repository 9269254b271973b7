with feedback as (
    select * from {{ ref('stg_raw__feedback') }}
),

campaigns as (
    select * from {{ ref('stg_raw__campaigns') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

windows as (
    select
        as_of_date,
        cast({{ dbt.dateadd("week", -var("feedback_weeks"), "as_of_date") }} as date) as counts_after,
        cast({{ dbt.dateadd("day", (-7 * var("feedback_weeks") / 2) | round(0, "floor") | int, "as_of_date") }} as date) as newer_after
    from clock
),

answers as (
    select
        feedback_id,
        customer_id,
        product_id,
        campaign_id,
        nullif(lower(trim(feedback_text)), '') as feedback_text,
        rating,
        submitted_at,
        {{ business_date("submitted_at") }} as answered_on
    from feedback
),

final as (
    select
        -- ids
        answers.feedback_id,
        answers.customer_id,
        answers.product_id,
        answers.campaign_id,

        -- text
        campaigns.campaign_type,
        answers.feedback_text,

        -- numerics
        answers.rating,

        -- booleans
        answers.answered_on > windows.counts_after as is_recent,
        answers.answered_on > windows.newer_after as is_in_newer_half,

        -- dates
        answers.submitted_at as answered_at,
        answers.answered_on
    from answers
    cross join windows
    left join campaigns
        on answers.campaign_id = campaigns.campaign_id
    where
        answers.answered_on <= windows.as_of_date
        and (answers.rating is not null or answers.feedback_text is not null)
)

select * from final
