with scores as (
    select * from {{ ref('score_conversion_probabilities') }}
),

opportunities as (
    select * from {{ ref('int_opportunity_texts') }}
),

visits as (
    select * from {{ ref('int_opportunity_visits') }}
),

courses as (
    select
        visits.opportunity_id,
        visits.visit_number,
        visits.visit_id,
        visits.sales_rep_id,
        visits.visited_at,
        opportunities.status,
        {{ list_element("scores.probabilities_after_visits", "visits.visit_number") }} as conversion_probability,
        scores.is_out_of_sample,
        scores.model_version
    from visits
    inner join opportunities
        on visits.opportunity_id = opportunities.opportunity_id
    inner join scores
        on visits.opportunity_id = scores.opportunity_id
),

final as (
    select
        opportunity_id,
        cast(visit_number as bigint) as visit_number,
        visit_id,
        sales_rep_id,
        visited_at,
        status,
        conversion_probability,
        conversion_probability - lag(conversion_probability) over (
            partition by opportunity_id order by visit_number
        ) as probability_change,
        is_out_of_sample,
        model_version
    from courses
)

select * from final
