with results as (
    select * from {{ ref('quality_results') }}
),

counted as (
    select
        layer,
        table_name,
        run_id,
        owner,
        protected_marts,
        checked_at,
        reference_at,
        max(checked_rows) as checked_rows,
        sum(case when success is not null then 1 else 0 end) as checked_expectations,
        sum(case when not success and severity = 'error' then 1 else 0 end) as failed_errors,
        sum(case when not success and severity = 'warn' then 1 else 0 end) as failed_warnings
    from results
    where is_newest
    group by layer, table_name, run_id, owner, protected_marts, checked_at, reference_at
),

final as (
    select
        layer,
        table_name,
        run_id,
        cast(checked_rows as bigint) as checked_rows,
        cast(checked_expectations as bigint) as checked_expectations,
        cast(failed_errors as bigint) as failed_errors,
        cast(failed_warnings as bigint) as failed_warnings,
        case when checked_expectations > 0 then failed_errors = 0 end as is_trusted,
        case when failed_errors > 0 then protected_marts end as untrusted_marts,
        owner,
        protected_marts,
        checked_at,
        reference_at
    from counted
)

select * from final
