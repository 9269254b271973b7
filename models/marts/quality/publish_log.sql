with publications as (
    select * from {{ ref('read_publish_log') }}
),

final as (
    select
        audit_entry,
        mart,
        published_at,
        published_rows,
        checksum,
        is_changed,
        invocation_id,
        actor,
        code_version,
        engine,
        audit_hash
    from publications
)

select * from final
