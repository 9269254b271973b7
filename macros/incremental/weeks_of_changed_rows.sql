{% macro weeks_of_changed_rows(parsed_model, rows_then, as_of_then) %}
{%- set parsed = graph.nodes["model." ~ project_name ~ "." ~ parsed_model].relation_name -%}
{%- set contract = raw_contract(parsed_model | replace("parsed_raw__", "")) -%}
{%- set week_key = contract.columns | selectattr("key", "equalto", "week") | first -%}
{%- set observed = contract.columns | selectattr("observed") | first -%}
{%- set week = nearest_monday(week_key.name) if week_key else week_of(day_of(observed, observed.name)) -%}
{%- set keys = contract_keys(contract) -%}
{%- set was_hidden -%}
    raw_row_number <= {{ rows_then }}
    {%- if observed %}
    and {{ observed.name }} >= cast('{{ as_of_then }}' as {{ observed.data_type }})
    and {{ day_of(observed, observed.name) }} > cast('{{ as_of_then }}' as date)
    {%- else %}
    and 1 = 0
    {%- endif %}
{%- endset -%}
{%- set any_was_hidden = run_query(
    "select 1 from " ~ parsed ~ " where contract_rejection is null and " ~ was_hidden ~ " limit 1"
).rows | length > 0 -%}
-- Each part reads the parsed rows by itself: a CTE that is read twice is written out, all rows of a large table.
with appended_rows as (
    select
        earlier_row_number,
        {{ week }} as week_starting
    from {{ parsed }}
    where
        contract_rejection is null
        and raw_row_number > {{ rows_then }}
),

-- A row that takes the place of another takes it out of the week in which it was.
touched as (
    select week_starting from appended_rows
    union all
    select {{ week }} as week_starting
    from {{ parsed }}
    where raw_row_number in (select earlier_row_number from appended_rows where earlier_row_number is not null)
    {%- if any_was_hidden %}
    union all
    -- What the clock did not know may be known by now, and take the place of any row with its key.
    select {{ week }} as week_starting
    from {{ parsed }}
    where
        contract_rejection is null
        and {{ key_hash(keys) }} in (select {{ key_hash(keys) }} from {{ parsed }} where contract_rejection is null and {{ was_hidden }})
    {%- endif %}
)

select distinct cast(week_starting as {{ dbt.type_string() }}) as week_starting from touched
{% endmacro %}
