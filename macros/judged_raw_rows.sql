{% macro judged_raw_rows(table_name) %}
{#- Named here, outside the branch, so that dbt sees them while it parses. -#}
{%- set parsed = ref("parsed_raw__" ~ table_name) -%}
{%- set clock = ref("base_raw__clock") -%}
{%- if execute -%}
{%- set contract = raw_contract(table_name) -%}
-- Each part reads the parsed rows by itself: a CTE that is read twice is written out, all columns of a large table.
with clock as (
    select * from {{ clock }}
),

superseded_rows as (
    {{ superseded_raw_rows(contract, parsed) }}
),

final as (
    select
        {% for column in contract.columns -%}
        parsed_rows.{{ column.name }},
        {% endfor -%}
        parsed_rows.raw_row_number,
        coalesce(
            {{ known_rejection(contract, "parsed_rows") }},
            case when superseded_rows.raw_row_number is not null then 'a later row has the same key' end
        ) as rejection_reason
    from {{ parsed }} as parsed_rows
    left join superseded_rows
        on parsed_rows.raw_row_number = superseded_rows.raw_row_number
)

select * from final
{%- endif -%}
{% endmacro %}
