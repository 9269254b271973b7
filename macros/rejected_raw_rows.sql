{% macro rejected_raw_rows(table_name) %}
with rejected_rows as (
    select * from {{ ref('base_raw__' ~ table_name) }}
    where rejection_reason is not null
),

-- A row that keeps the contract has no raw record of its own: what was read of it is all there was.
final as (
    select
        raw_row_number,
        rejection_reason,
        coalesce(
            raw_record,
            {% if execute -%}
            {{ json_record(raw_contract(table_name).columns | map(attribute="name") | list) }}
            {%- else -%}
            ''
            {%- endif %}
        ) as raw_record
    from rejected_rows
)

select * from final
{% endmacro %}
