with visits as (
    select * from {{ ref('int_visits') }}
),

thresholds as (
    select * from {{ ref('visit_audit_thresholds') }}
),

-- The visit of the same rep before it, by the clock.
followed as (
    select
        *,
        lag(visit_id) over rep_order as earlier_visit_id,
        lag(visited_at) over rep_order as earlier_visited_at,
        lag(coalesce(duration_minutes, 0)) over rep_order as earlier_minutes,
        lag(latitude) over rep_order as earlier_latitude,
        lag(longitude) over rep_order as earlier_longitude
    from visits
    where
        sales_rep_id <> 'unknown'
        and latitude is not null
        and longitude is not null
    window rep_order as (partition by sales_rep_id order by visited_at, visit_id)
),

travelled as (
    select
        visit_id,
        earlier_visit_id,
        {{ kilometres_between("earlier_latitude", "earlier_longitude", "latitude", "longitude") }} as kilometres,
        greatest(cast({{ dbt.datediff("earlier_visited_at", "visited_at", "second") }} as double) / 60 - earlier_minutes, 0) as minutes
    from followed
    where earlier_visit_id is not null
),

impossible_journeys as (
    select
        travelled.visit_id,
        travelled.earlier_visit_id,
        travelled.kilometres,
        travelled.minutes
    from travelled
    cross join thresholds
    where
        travelled.kilometres > thresholds.min_distance_km
        and travelled.kilometres > thresholds.max_travel_kmh * travelled.minutes / 60.0
),

-- Which of the two did not take place nobody can tell, so that both are named.
impossible_visits as (
    select
        visit_id,
        max(kilometres) as kilometres,
        min(minutes) as minutes
    from (
        select
            visit_id,
            kilometres,
            minutes
        from impossible_journeys
        union all
        select
            earlier_visit_id as visit_id,
            kilometres,
            minutes
        from impossible_journeys
    ) as both_ends
    group by visit_id
),

final as (
    select
        visits.visit_id,
        visits.opportunity_id,
        visits.sales_rep_id,
        visits.visited_at,
        visits.has_opportunity and not visits.is_after_closing as is_counted,
        visits.note_text,
        coalesce(visits.duration_minutes < thresholds.min_duration_minutes, false) as has_no_duration,
        length({{ trimmed_text("visits.note_text") }}) < thresholds.min_note_characters as has_no_content,
        impossible_visits.visit_id is not null as is_impossible_journey,
        impossible_visits.kilometres as journey_kilometres,
        cast(impossible_visits.minutes as double) as journey_minutes
    from visits
    cross join thresholds
    left join impossible_visits
        on visits.visit_id = impossible_visits.visit_id
)

select * from final
