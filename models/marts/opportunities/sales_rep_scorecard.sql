with opportunities as (
    select * from {{ ref('int_opportunity_texts') }}
),

visits as (
    select * from {{ ref('int_visits') }}
),

scores as (
    select * from {{ ref('score_conversion_probabilities') }}
),

audits as (
    select * from {{ ref('visit_audits') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

reps as (
    select coalesce(owner_id, 'unknown') as sales_rep_id from opportunities
    union distinct
    select sales_rep_id from visits
),

owned as (
    select
        coalesce(opportunities.owner_id, 'unknown') as sales_rep_id,
        sum(case when opportunities.status = 'open' then 1 else 0 end) as open_opportunities,
        sum(
            case
                when opportunities.status = 'open'
                    then cast(scores.conversion_probability * opportunities.amount as decimal(18, 4))
            end
        ) as open_expected_value,
        sum(case when opportunities.status <> 'open' then 1 else 0 end) as closed_opportunities,
        sum(case when opportunities.status = 'won' then 1 else 0 end) as wins
    from opportunities
    left join scores
        on opportunities.opportunity_id = scores.opportunity_id
    group by coalesce(opportunities.owner_id, 'unknown')
),

-- A probability of a model that knew the end says nothing of what was to be expected.
judged as (
    select
        coalesce(opportunities.owner_id, 'unknown') as sales_rep_id,
        count(*) as judged_opportunities,
        sum(case when opportunities.status = 'won' then 1 else 0 end) as judged_wins,
        sum(cast(scores.conversion_probability as decimal(18, 5))) as expected_wins
    from opportunities
    inner join scores
        on opportunities.opportunity_id = scores.opportunity_id
    where
        opportunities.status <> 'open'
        and scores.is_out_of_sample
    group by coalesce(opportunities.owner_id, 'unknown')
),

made as (
    select
        sales_rep_id,
        count(*) as visits
    from visits
    group by sales_rep_id
),

audited as (
    select
        sales_rep_id,
        count(*) as audited_opportunities,
        sum(suspect_visits) as suspect_visits,
        sum(case when finding = 'fake_visits' then 1 else 0 end) as fake_findings,
        sum(case when finding = 'fruitless_visits' then 1 else 0 end) as fruitless_findings
    from audits
    group by sales_rep_id
),

final as (
    select
        reps.sales_rep_id,
        clock.as_of_date,
        cast(coalesce(owned.open_opportunities, 0) as bigint) as open_opportunities,
        cast(owned.open_expected_value as double) as open_expected_value,
        cast(coalesce(owned.closed_opportunities, 0) as bigint) as closed_opportunities,
        cast(coalesce(owned.wins, 0) as bigint) as wins,
        cast(coalesce(judged.judged_opportunities, 0) as bigint) as judged_opportunities,
        cast(coalesce(judged.judged_wins, 0) as bigint) as judged_wins,
        cast(judged.expected_wins as double) as expected_wins,
        cast(judged.judged_wins - judged.expected_wins as double) as wins_above_expected,
        cast(coalesce(made.visits, 0) as bigint) as visits,
        cast(coalesce(audited.audited_opportunities, 0) as bigint) as audited_opportunities,
        cast(coalesce(audited.suspect_visits, 0) as bigint) as suspect_visits,
        cast(coalesce(audited.fake_findings, 0) as bigint) as fake_findings,
        cast(coalesce(audited.fruitless_findings, 0) as bigint) as fruitless_findings
    from reps
    cross join clock
    left join owned
        on reps.sales_rep_id = owned.sales_rep_id
    left join judged
        on reps.sales_rep_id = judged.sales_rep_id
    left join made
        on reps.sales_rep_id = made.sales_rep_id
    left join audited
        on reps.sales_rep_id = audited.sales_rep_id
)

select * from final
