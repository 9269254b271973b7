with results as (
    {%- for gate in ["check_raw", "check_staging", "check_mart_values"] %}
    select
        run_id,
        layer,
        table_name,
        expectation_id,
        column_name,
        expectation,
        severity,
        success,
        observed,
        expected,
        observed_value,
        unexpected_rows,
        checked_rows,
        sample_rows,
        owner,
        protected_marts,
        checked_at,
        reference_at
    from {{ ref(gate) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

final as (
    select
        *,
        checked_at = max(checked_at) over (partition by layer, table_name) as is_newest
    from results
)

select * from final
