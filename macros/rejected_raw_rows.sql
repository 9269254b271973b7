{% macro rejected_raw_rows(table_name) %}
with checked_rows as (
    select * from {{ ref('base_raw__' ~ table_name) }}
),

raw_rows as (
    select * from {{ source('raw', table_name) }}
),

rejected_rows as (
    select
        raw_row_number,
        rejection_reason
    from checked_rows
    where rejection_reason is not null
),

final as (
    select
        rejected_rows.raw_row_number,
        rejected_rows.rejection_reason,
        {% if execute -%}
        {{ json_record(raw_contract(table_name).columns | map(attribute="name") | list, "raw_rows.") }} as raw_record
        {%- endif %}
    from rejected_rows
    inner join raw_rows
        on rejected_rows.raw_row_number = raw_rows.raw_row_number
)

select * from final
{% endmacro %}
