{%- set fields = {
    "split": "string", "target": "string", "competitor": "string", "metric": "string", "value": "double",
    "slice_column": "string",
} -%}

with audit_metrics as (
    select * from {{ ref('visit_audit_metrics') }}
),

fits as (
    {%- for fit in fit_models() %}
    select
        model_name,
        model_version,
        metrics
    from {{ ref(fit) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

measured as (
    select
        model_name,
        model_version,
        {{ json_records("metrics", fields) }} as measurement
    from fits
),

final as (
    select
        model_name,
        model_version,
        measurement.split,
        measurement.target,
        measurement.competitor,
        measurement.metric,
        measurement.value
    from measured
    where measurement.slice_column is null
    union all
    select
        model_name,
        model_version,
        split,
        target,
        competitor,
        metric,
        value
    from audit_metrics
)

select * from final
