with visits as (
    select * from {{ ref('int_visit_evidence') }}
    where is_counted
),

copies as (
    select * from {{ ref('score_visit_copies') }}
),

opportunities as (
    select * from {{ ref('int_opportunity_texts') }}
),

scores as (
    select * from {{ ref('score_conversion_probabilities') }}
),

thresholds as (
    select * from {{ ref('visit_audit_thresholds') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

weighed_visits as (
    select
        visits.opportunity_id,
        visits.sales_rep_id,
        case when copies.visit_id is not null then 1 else 0 end as is_near_copy,
        case when visits.is_impossible_journey then 1 else 0 end as is_impossible_journey,
        case when visits.has_no_duration then 1 else 0 end as has_no_duration,
        case when visits.has_no_content then 1 else 0 end as has_no_content,
        cast(
            case when copies.visit_id is not null then thresholds.near_copy_evidence else 0 end
            + case when visits.is_impossible_journey then thresholds.impossible_journey_evidence else 0 end
            + case when visits.has_no_duration then thresholds.no_duration_evidence else 0 end
            + case when visits.has_no_content then thresholds.no_content_evidence else 0 end
            as decimal(9, 4)
        ) as evidence
    from visits
    cross join thresholds
    left join copies
        on visits.visit_id = copies.visit_id
),

by_rep as (
    select
        weighed_visits.opportunity_id,
        weighed_visits.sales_rep_id,
        count(*) as visits,
        sum(case when weighed_visits.evidence >= thresholds.suspect_visit_evidence then 1 else 0 end) as suspect_visits,
        sum(weighed_visits.evidence) as evidence,
        sum(weighed_visits.is_near_copy) as near_copies,
        sum(weighed_visits.is_impossible_journey) as impossible_journeys,
        sum(weighed_visits.has_no_duration) as visits_without_duration,
        sum(weighed_visits.has_no_content) as visits_without_content
    from weighed_visits
    cross join thresholds
    group by weighed_visits.opportunity_id, weighed_visits.sales_rep_id
),

by_opportunity as (
    select
        opportunity_id,
        sum(visits) as opportunity_visits,
        sum(visits) - sum(suspect_visits) as sound_visits
    from by_rep
    group by opportunity_id
),

courses as (
    select
        opportunities.opportunity_id,
        opportunities.status,
        scores.conversion_probability,
        {{ list_element(
            "scores.probabilities_after_visits",
            "cast(greatest(floor(opportunities.visits / 2.0), 1) as int)",
        ) }} as halfway_probability,
        scores.is_out_of_sample,
        scores.model_version
    from opportunities
    left join scores
        on opportunities.opportunity_id = scores.opportunity_id
),

judged as (
    select
        by_rep.*,
        by_opportunity.opportunity_visits,
        by_opportunity.sound_visits,
        courses.status,
        courses.conversion_probability,
        courses.halfway_probability,
        courses.is_out_of_sample,
        courses.model_version,
        coalesce(
            by_opportunity.opportunity_visits >= thresholds.many_visits
            and courses.conversion_probability <= thresholds.low_probability,
            false
        ) as is_unlikely_after_many,
        coalesce(
            courses.status <> 'won'
            and by_opportunity.sound_visits >= thresholds.many_visits
            and courses.conversion_probability <= thresholds.low_probability
            and courses.conversion_probability - courses.halfway_probability < thresholds.rising_probability,
            false
        ) as is_fruitless
    from by_rep
    cross join thresholds
    inner join by_opportunity
        on by_rep.opportunity_id = by_opportunity.opportunity_id
    inner join courses
        on by_rep.opportunity_id = courses.opportunity_id
),

-- Many visits without a chance make a record doubtful by themselves, so that less evidence is asked of them.
found as (
    select
        judged.*,
        case
            when
                judged.evidence
                >= case when judged.is_unlikely_after_many then thresholds.fake_evidence_if_unlikely else thresholds.fake_evidence end
                and cast(judged.evidence as double) / judged.visits
                >= case
                    when judged.is_unlikely_after_many then thresholds.fake_evidence_share_if_unlikely
                    else thresholds.fake_evidence_share
                end
                then 'fake_visits'
            when judged.is_fruitless then 'fruitless_visits'
            else 'sound'
        end as finding
    from judged
    cross join thresholds
),

final as (
    select
        found.opportunity_id,
        found.sales_rep_id,
        clock.as_of_date,
        found.status,
        cast(found.visits as bigint) as visits,
        cast(found.suspect_visits as bigint) as suspect_visits,
        cast(found.evidence as double) as evidence,
        found.conversion_probability,
        found.is_out_of_sample,
        found.finding,
        case found.finding
            when 'fake_visits'
                then {{ dbt.concat([
                    "'of '", dbt.cast("found.visits", "string"), "' visits: '",
                    dbt.cast("found.near_copies", "string"), "' copied from another note, '",
                    dbt.cast("found.impossible_journeys", "string"), "' in two places at once, '",
                    dbt.cast("found.visits_without_duration", "string"), "' without duration, '",
                    dbt.cast("found.visits_without_content", "string"), "' without content'",
                    "case when found.is_unlikely_after_many then '; many visits and hardly a chance' else '' end",
                ]) }}
            when 'fruitless_visits'
                then {{ dbt.concat([
                    dbt.cast("cast(found.sound_visits as bigint)", "string"), "' sound visits, probability '",
                    dbt.cast("cast(round(100 * found.conversion_probability) as int)", "string"),
                    "' % after '", dbt.cast("cast(round(100 * found.halfway_probability) as int)", "string"), "' % half-way'",
                ]) }}
        end as reasons,
        found.model_version
    from found
    cross join clock
)

select * from final
