{% macro weeks_of_changed_rows(parsed_model, rows_then, as_of_then, as_of_now) %}
{%- set parsed = graph.nodes["model." ~ project_name ~ "." ~ parsed_model].relation_name -%}
{%- set contract = raw_contract(parsed_model | replace("parsed_raw__", "")) -%}
{%- set keys = contract_keys(contract) -%}
{%- set observed = contract.columns | selectattr("observed") | first -%}
{%- set week_key = contract.columns | selectattr("key", "equalto", "week") | first -%}
{%- if observed -%}
    {%- set day = business_date(observed.name) if observed.data_type == "timestamp" else observed.name -%}
{%- endif -%}
{%- set week = nearest_monday(week_key.name) if week_key else week_of(day) -%}
with valid_rows as (
    select * from {{ parsed }}
    where contract_rejection is null
),

appended_rows as (
    select * from valid_rows
    where raw_row_number > {{ rows_then }}
),

repeated_rows as (
    select
        {{ key_hash(keys) }} as key_hash,
        {{ week }} as week_starting,
        raw_row_number > {{ rows_then }}
        {%- if observed %}
        or ({{ day }} > cast('{{ as_of_then }}' as date) and {{ day }} <= cast('{{ as_of_now }}' as date))
        {%- endif %} as is_newly_known
    from valid_rows
    where
        earlier_row_number is not null
        or raw_row_number in (select earlier_row_number from valid_rows where earlier_row_number is not null)
),

-- A row that supersedes another takes it out of the week in which it was.
touched as (
    select {{ week }} as week_starting from appended_rows
    union all
    select week_starting from repeated_rows
    where key_hash in (select key_hash from repeated_rows where is_newly_known)
)

select distinct cast(week_starting as {{ dbt.type_string() }}) as week_starting from touched
{% endmacro %}
