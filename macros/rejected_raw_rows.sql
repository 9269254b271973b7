{% macro rejected_raw_rows(table_name) %}
{#- Named here, outside the branch, so that dbt sees them while it parses. -#}
{%- set parsed = ref("parsed_raw__" ~ table_name) -%}
{%- set clock = ref("base_raw__clock") -%}
{%- if execute -%}
{%- set contract = raw_contract(table_name) -%}
{%- set names = contract.columns | map(attribute="name") | list -%}
-- By three ways that each read few columns of the rows that are kept, which are nearly all.
with clock as (
    select * from {{ clock }}
),

breaking_rows as (
    select
        parsed_rows.raw_row_number,
        {{ known_rejection(contract, "parsed_rows") }} as rejection_reason,
        parsed_rows.raw_record
    from {{ parsed }} as parsed_rows
    where parsed_rows.contract_rejection is not null
),
{% if observed_columns(contract) %}
later_rows as (
    select
        parsed_rows.raw_row_number,
        {{ known_rejection(contract, "parsed_rows") }} as rejection_reason,
        {{ json_record(names, "parsed_rows.") }} as raw_record
    from {{ parsed }} as parsed_rows
    where
        parsed_rows.contract_rejection is null
        and (
            {%- for column in observed_columns(contract) %}
            {{ day_of(column, "parsed_rows." ~ column.name) }} > (select as_of_date from clock){{ " or" if not loop.last }}
            {%- endfor %}
        )
),
{% endif %}
superseded_rows as (
    select raw_row_number
    from ({{ superseded_raw_rows(contract, parsed) }}) as all_superseded_rows
    {%- if observed_columns(contract) %}
    where raw_row_number not in (select raw_row_number from later_rows)
    {%- endif %}
),

repeated_rows as (
    select
        parsed_rows.raw_row_number,
        'a later row has the same key' as rejection_reason,
        {{ json_record(names, "parsed_rows.") }} as raw_record
    from {{ parsed }} as parsed_rows
    inner join superseded_rows
        on parsed_rows.raw_row_number = superseded_rows.raw_row_number
),

final as (
    select * from breaking_rows
    {% if observed_columns(contract) -%}
    union all
    select * from later_rows
    {% endif -%}
    union all
    select * from repeated_rows
)

select * from final
{%- endif -%}
{% endmacro %}
