with visits as (
    select * from {{ ref('stg_raw__visits') }}
),

opportunities as (
    select * from {{ ref('stg_raw__opportunities') }}
),

final as (
    select
        -- ids
        visits.visit_id,
        visits.opportunity_id,
        coalesce(visits.sales_rep_id, 'unknown') as sales_rep_id,

        -- text
        visits.visit_note as note_text,
        visits.customer_feedback as feedback_text,

        -- numerics
        visits.duration_minutes,
        visits.latitude,
        visits.longitude,

        -- booleans
        opportunities.opportunity_id is not null as has_opportunity,
        coalesce(visits.visited_at > opportunities.closed_at, false) as is_after_closing,

        -- timestamps
        visits.visited_at
    from visits
    left join opportunities
        on visits.opportunity_id = opportunities.opportunity_id
)

select * from final
