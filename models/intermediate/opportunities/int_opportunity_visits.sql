with visits as (
    select * from {{ ref('int_visits') }}
    where
        has_opportunity
        and not is_after_closing
),

opportunities as (
    select * from {{ ref('stg_raw__opportunities') }}
),

owned_visits as (
    select
        visits.*,
        opportunities.owner_id,
        {{ business_date("opportunities.opened_at") }} as opened_on,
        {{ business_date("visits.visited_at") }} as visited_on
    from visits
    inner join opportunities
        on visits.opportunity_id = opportunities.opportunity_id
),

-- An opportunity that ended in the very moment of a visit was not known to end.
owner_moments as (
    select
        visit_id,
        owner_id,
        visited_at as happened_at,
        0 as won,
        0 as closed
    from owned_visits
    where owner_id is not null
    union all
    select
        null as visit_id,
        owner_id,
        closed_at as happened_at,
        case when status = 'won' then 1 else 0 end as won,
        1 as closed
    from opportunities
    where
        owner_id is not null
        and status <> 'open'
        and closed_at is not null
),

owner_records as (
    select
        visit_id,
        sum(won) over (
            partition by owner_id order by happened_at asc, closed asc rows between unbounded preceding and current row
        ) as owner_won_before,
        sum(closed) over (
            partition by owner_id order by happened_at asc, closed asc rows between unbounded preceding and current row
        ) as owner_closed_before
    from owner_moments
),

numbered as (
    select
        *,
        cast(row_number() over (partition by opportunity_id order by visited_at, visit_id) as bigint) as visit_number,
        lag(visited_on) over (partition by opportunity_id order by visited_at, visit_id) as previous_visited_on
    from owned_visits
),

so_far as (
    select
        *,
        {{ dbt.datediff("previous_visited_on", "visited_on", "day") }} as days_since_previous,
        avg(duration_minutes) over (
            partition by opportunity_id order by visit_number rows between unbounded preceding and current row
        ) as mean_minutes,
        avg(cast(case when feedback_text is null then 0 else 1 end as double)) over (
            partition by opportunity_id order by visit_number rows between unbounded preceding and current row
        ) as feedback_share,
        avg(length(note_text)) over (
            partition by opportunity_id order by visit_number rows between unbounded preceding and current row
        ) as mean_note_length
    from numbered
),

marked as (
    select
        *,
        case
            when days_since_previous is null then '[visit 1]'
            else {{ dbt.concat([
                "'[visit '", dbt.cast("visit_number", "string"), "', +'",
                dbt.cast("days_since_previous", "string"), "' days]'",
            ]) }}
        end as visit_marker
    from so_far
),

final as (
    select
        -- ids
        marked.visit_id,
        marked.opportunity_id,
        marked.sales_rep_id,
        marked.visit_number,

        -- text
        {{ dbt.concat(["marked.visit_marker", "' '", "marked.note_text"]) }} as note_text,
        {{ dbt.concat(["'[customer] '", "marked.feedback_text"]) }} as feedback_text,

        -- numerics
        cast({{ dbt.datediff("marked.opened_on", "marked.visited_on", "day") }} as double) as days_open,
        cast(marked.days_since_previous as double) as days_since_previous,
        cast(round(marked.mean_minutes, 1) as double) as mean_minutes,
        cast(round(marked.feedback_share, 4) as double) as feedback_share,
        cast(round(marked.mean_note_length, 1) as double) as mean_note_length,
        cast(coalesce(owner_records.owner_won_before, 0) as double) as owner_won_before,
        cast(coalesce(owner_records.owner_closed_before, 0) as double) as owner_closed_before,

        -- timestamps
        marked.visited_at
    from marked
    left join owner_records
        on marked.visit_id = owner_records.visit_id
)

select * from final
