{%- set fields = {
    "split": "string", "target": "string", "slice_column": "string", "slice_value": "string", "metric": "string", "rows": "bigint",
    "subjects": "bigint", "value": "double", "lower": "double", "upper": "double", "others": "double", "gap_lower": "double",
    "gap_upper": "double", "pooled_groups": "bigint",
} -%}

with fits as (
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

-- A fit may be older than a stricter var: what it told apart then is held back now.
final as (
    select
        model_name,
        model_version,
        measurement.split,
        measurement.target,
        measurement.slice_column,
        measurement.slice_value,
        measurement.metric,
        measurement.rows as slice_rows,
        measurement.subjects,
        measurement.value,
        measurement.lower as value_lower,
        measurement.upper as value_upper,
        measurement.others as value_of_others,
        measurement.value - measurement.others as gap,
        measurement.gap_lower,
        measurement.gap_upper,
        measurement.gap_lower > 0 or measurement.gap_upper < 0 as is_apart,
        measurement.pooled_groups
    from measured
    where
        measurement.slice_column is not null
        and measurement.subjects >= {{ var("min_described_customers") }}
)

select * from final
