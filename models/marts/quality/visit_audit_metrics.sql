with audits as (
    select * from {{ ref('visit_audits') }}
),

known_findings as (
    select * from {{ source('evaluation', 'known_findings') }}
),

-- Only where the probability did not come from a model that knew the end.
found_opportunities as (
    select
        opportunity_id,
        max(model_version) as model_version,
        max(case when finding = 'fake_visits' then 1 else 0 end) as is_fake,
        max(case when finding = 'fruitless_visits' then 1 else 0 end) as is_fruitless
    from audits
    where is_out_of_sample
    group by opportunity_id
),

compared as (
    {%- for finding in ["fake_visits", "fruitless_visits"] %}
    select
        found_opportunities.model_version,
        '{{ finding }}' as target,
        found_opportunities.{{ "is_fake" if finding == "fake_visits" else "is_fruitless" }} as is_found,
        case when known_findings.finding = '{{ finding }}' then 1 else 0 end as is_known
    from found_opportunities
    inner join known_findings
        on found_opportunities.opportunity_id = known_findings.opportunity_id
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        model_version,
        target,
        count(*) as opportunities,
        sum(is_known) as known,
        sum(is_found) as found,
        sum(is_known * is_found) as hits
    from compared
    group by model_version, target
),

measured as (
    select
        model_version,
        target,
        'precision' as metric,
        cast(hits as double) / nullif(found, 0) as value
    from counted
    union all
    select
        model_version,
        target,
        'recall' as metric,
        cast(hits as double) / nullif(known, 0) as value
    from counted
    union all
    select
        model_version,
        target,
        'base_rate' as metric,
        cast(known as double) / opportunities as value
    from counted
    union all
    select
        model_version,
        target,
        'rows' as metric,
        cast(opportunities as double) as value
    from counted
),

final as (
    select
        'conversion_classifier' as model_name,
        model_version,
        'known_findings' as split,
        target,
        'visit_audit_rules' as competitor,
        metric,
        value
    from measured
)

select * from final
