with scores as (
    select * from {{ ref('score_customers') }}
),

snapshots as (
    select * from {{ ref('int_customer_snapshots') }}
    where is_current
),

risks as (
    select * from {{ ref('score_churn_risks') }}
),

category_scores as (
    select * from {{ ref('score_category_intents') }}
),

ranked_categories as (
    select
        customer_id,
        category,
        category_purchase_probability,
        row_number() over (
            partition by customer_id
            order by category_purchase_probability desc, category_rank asc, category asc
        ) as intent_rank
    from category_scores
),

category_words as (
    select
        customer_id,
        intent_rank,
        {{ dbt.concat(["category", "' ('", "cast(cast(round(category_purchase_probability * 100) as bigint) as string)", "' %)'"]) }} as words
    from ranked_categories
    where intent_rank <= 3
),

category_lists as (
    select
        customer_id,
        {{ ordered_list("words", "intent_rank") }} as words
    from category_words
    group by customer_id
),

measured as (
    select
        scores.*,
        snapshots.snapshot_on as as_of_date,
        snapshots.orders_active > 0 as is_active,
        snapshots.recency_days,
        snapshots.revenue_active,
        risks.revenue_at_risk,
        coalesce(risks.is_churn_risk, false) as is_churn_risk
    from scores
    inner join snapshots
        on scores.customer_id = snapshots.customer_id
    left join risks
        on scores.customer_id = risks.customer_id
),

final as (
    select
        measured.customer_id,
        measured.as_of_date,
        measured.is_active,
        measured.recency_days,
        measured.revenue_active,
        measured.churn_probability,
        measured.is_churn_risk,
        case
            when measured.churn_probability is not null
                then
                    cast(
                        row_number() over (
                            partition by measured.churn_probability is null
                            order by measured.churn_probability desc, measured.revenue_at_risk desc, measured.customer_id asc
                        ) as bigint
                    )
        end as churn_rank,
        measured.revenue_at_risk,
        measured.churn_reasons,
        measured.churn_reason_codes,
        measured.purchase_probability,
        measured.expected_spend,
        measured.purchase_reasons,
        measured.purchase_reason_codes,
        {{ joined_list("category_lists.words", ", ") }} as top_categories,
        measured.model_version
    from measured
    left join category_lists
        on measured.customer_id = category_lists.customer_id
)

select * from final
