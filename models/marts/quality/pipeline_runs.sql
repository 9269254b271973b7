with runs as (
    select * from {{ ref('read_pipeline_runs') }}
),

final as (
    select
        invocation_id,
        started_at,
        finished_at,
        run_status,
        duration_seconds,
        dbt_command,
        selection,
        dbt_target,
        actor,
        code_version,
        nodes_run,
        nodes_failed,
        nodes_warned,
        nodes_skipped,
        failed_nodes,
        slowest_nodes,
        has_published,
        audit_entry,
        audit_hash
    from runs
)

select * from final
