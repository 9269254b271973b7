with scores as (
    select * from {{ ref('score_conversion_probabilities') }}
),

open_opportunities as (
    select * from {{ ref('int_opportunity_texts') }}
    where status = 'open'
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

ranked as (
    select
        open_opportunities.opportunity_id,
        open_opportunities.owner_id,
        open_opportunities.amount,
        open_opportunities.visits,
        open_opportunities.last_visited_at,
        scores.conversion_probability,
        scores.probability_source,
        scores.top_reasons,
        scores.top_reason_codes,
        scores.model_version,
        scores.scored_at,
        row_number() over (
            order by
                scores.conversion_probability desc,
                coalesce(open_opportunities.amount, 0) desc,
                open_opportunities.opportunity_id asc
        ) as visit_priority
    from open_opportunities
    inner join scores
        on open_opportunities.opportunity_id = scores.opportunity_id
),

final as (
    select
        ranked.opportunity_id,
        ranked.owner_id,
        clock.as_of_date,
        ranked.conversion_probability,
        ranked.probability_source,
        cast(ranked.visit_priority as bigint) as visit_priority,
        case
            when ranked.owner_id is not null
                then cast(row_number() over (partition by ranked.owner_id order by ranked.visit_priority) as bigint)
        end as owner_priority,
        ranked.amount,
        ranked.conversion_probability * ranked.amount as expected_value,
        ranked.visits,
        ranked.last_visited_at,
        ranked.top_reasons,
        ranked.top_reason_codes,
        ranked.model_version,
        ranked.scored_at
    from ranked
    cross join clock
)

select * from final
