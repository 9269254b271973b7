with checks as (
    select * from {{ ref('score_model_health') }}
),

final as (
    select
        model_name,
        drift_kind,
        checked_at,
        as_of_date,
        model_version,
        fitted_as_of,
        state,
        compared_with,
        reference_on,
        rows_now,
        reference_rows,
        columns_checked,
        columns_drifted,
        worst_column,
        drift,
        drift_limit,
        ks,
        is_refit_due,
        refit_due_on,
        refit_reason,
        verdict,
        checked_at = max(checked_at) over (partition by model_name) as is_newest
    from checks
)

select * from final
