{%- set known_after_visits = [
    "days_open", "days_since_previous", "mean_minutes", "feedback_share", "mean_note_length", "owner_won_before",
    "owner_closed_before",
] -%}

with opportunities as (
    select * from {{ ref('stg_raw__opportunities') }}
),

opportunity_visits as (
    select * from {{ ref('int_opportunity_visits') }}
),

-- Lists hold no null: not every engine would keep its place.
joined_visits as (
    select
        opportunity_id,
        {{ ordered_list("note_text", "visit_number") }} as note_texts,
        {{ ordered_list("coalesce(feedback_text, '')", "visit_number") }} as feedback_texts,
        {{ ordered_list(dbt.concat(["note_text", "coalesce(" ~ dbt.concat(["' '", "feedback_text"]) ~ ", '')"]), "visit_number") }} as visit_texts,
        {{ ordered_list(business_date("visited_at"), "visit_number") }} as visited_on,
        {%- for name in known_after_visits %}
        {{ ordered_list("coalesce(" ~ name ~ ", cast('nan' as double))", "visit_number") }} as {{ name }},
        {%- endfor %}
        count(*) as visits,
        min(visited_at) as first_visited_at,
        max(visited_at) as last_visited_at
    from opportunity_visits
    group by opportunity_id
),

final as (
    select
        -- ids
        opportunities.opportunity_id,
        opportunities.customer_id,
        opportunities.owner_id,

        -- the course
        opportunities.status,
        opportunities.opened_at,
        opportunities.closed_at,
        opportunities.amount,
        coalesce(joined_visits.visits, 0) as visits,
        joined_visits.first_visited_at,
        joined_visits.last_visited_at,

        -- a value a visit, in the order of the visits
        joined_visits.note_texts,
        joined_visits.feedback_texts,
        joined_visits.visited_on,
        {%- for name in known_after_visits %}
        joined_visits.{{ name }},
        {%- endfor %}

        -- text
        {{ joined_list("joined_visits.visit_texts", " ") }} as opportunity_text
    from opportunities
    left join joined_visits
        on opportunities.opportunity_id = joined_visits.opportunity_id
)

select * from final
