{% macro validated_raw_rows(table_name, rules=[]) %}
{#- Both are named here, outside the branch, so that dbt sees them while it parses. -#}
{%- set relation = source("raw", table_name) -%}
{%- do as_of_date() -%}
{%- if execute -%}
{%- set contract = raw_contract(table_name) -%}
{#- A unit test's rows are no relation: there nothing is known of the types, and every value is parsed as text. -#}
{%- set integer_names = [] -%}
{%- for column in adapter.get_columns_in_relation(relation) if column.is_integer() -%}
    {%- do integer_names.append(column.name) -%}
{%- endfor -%}
{%- set raw_keys = [] -%}
{%- set keys = [] -%}
{%- for column in contract.columns -%}
    {%- do column.update({"raw_is_integer": column.name in integer_names}) -%}
    {%- if column.key -%}
        {%- set parsed = column.name if column.raw_is_integer else parsed_value(column, column.name) -%}
        {%- do raw_keys.append(nearest_monday(parsed) if column.key == "week" else parsed) -%}
        {%- do keys.append(nearest_monday(column.name) if column.key == "week" else column.name) -%}
    {%- endif -%}
{%- endfor -%}
-- Keys are grouped by their hash first, and only rows whose hash occurs twice are compared: a window over every row of a
-- large table costs more than all the rest.
with repeated_keys as (
    select {{ key_hash(raw_keys) }} as key_hash
    from {{ relation }}
    group by 1
    having count(*) > 1
),

repeated_rows as (
    select *
    from {{ relation }}
    where {{ key_hash(raw_keys) }} in (select key_hash from repeated_keys)
),

ranked_rows as (
    select
        raw_row_number,
        row_number() over (partition by {{ keys | join(", ") }} order by raw_row_number desc) as recency
    from ({{ checked_raw_rows(contract, "repeated_rows", rules) }}) as checked_repeated_rows
    where contract_rejection is null
),

superseded_rows as (
    select raw_row_number
    from ranked_rows
    where recency > 1
),

checked_rows as (
    {{ checked_raw_rows(contract, relation, rules) }}
),

final as (
    select
        {% for column in contract.columns -%}
        checked_rows.{{ column.name }},
        {% endfor -%}
        checked_rows.raw_row_number,
        case
            when superseded_rows.raw_row_number is not null then 'a later row has the same key'
            else checked_rows.contract_rejection
        end as rejection_reason
    from checked_rows
    left join superseded_rows
        on checked_rows.raw_row_number = superseded_rows.raw_row_number
)

select * from final
{%- endif -%}
{% endmacro %}
