with results as (
    select * from {{ ref('score_experiments') }}
),

arms as (
    select * from {{ ref('int_experiment_arms') }}
),

campaigns as (
    select * from {{ ref('stg_raw__campaigns') }}
),

final as (
    select
        results.campaign_id,
        campaigns.campaign_name,
        arms.campaign_type,
        arms.channel,
        results.variant,
        results.metric,
        results.reference_variant,
        results.is_held_out,
        arms.first_touched_on,
        arms.response_ends_on,
        results.is_final,
        results.passed_share,
        results.customers,
        results.reference_customers,
        results.mean,
        results.reference_mean,
        results.effect,
        results.relative_effect,
        results.lower,
        results.upper,
        results.p_value,
        results.fixed_p_value,
        results.q_value,
        results.is_significant,
        results.unadjusted_effect,
        results.variance_reduction,
        results.minimum_detectable_effect,
        results.planned_share,
        results.split_source,
        results.split_p_value,
        results.is_split_wrong,
        arms.customers_in_several_variants,
        arms.touches_without_variant,
        results.verdict
    from results
    inner join arms
        on
            results.campaign_id = arms.campaign_id
            and results.variant = arms.variant
            and results.metric = arms.metric
    left join campaigns
        on results.campaign_id = campaigns.campaign_id
)

select * from final
