{% macro parsed_raw_rows(table_name, rules=[]) %}
{#- Named here, outside the branch, so that dbt sees it while it parses. -#}
{%- set delivered = source("raw", table_name) -%}
{%- if execute -%}
{%- set contract = raw_contract(table_name) -%}
{%- set relation = delivered.incorporate(path={"schema": "raw_appended"}) if is_incremental() else delivered -%}
{#- A unit test's rows are no relation: there nothing is known of the types, and every value is parsed as text. -#}
{%- set raw_types = {} -%}
{%- for column in adapter.get_columns_in_relation(relation) -%}
    {%- do raw_types.update({column.name: column.dtype | lower}) -%}
{%- endfor -%}
{%- for column in contract.columns -%}
    {%- do column.update({"raw_type": raw_types.get(column.name, "string")}) -%}
{%- endfor -%}
{%- do contract.update({"problem": "raw_problem" if "raw_problem" in raw_types else "cast(null as string)"}) -%}
{%- set keys = contract_keys(contract) -%}
{%- set key_names = [] -%}
{%- set named_keys = [] -%}
{%- for key in keys -%}
    {%- do key_names.append("key_" ~ loop.index) -%}
    {%- do named_keys.append(key ~ " as key_" ~ loop.index) -%}
{%- endfor -%}
with checked_rows as (
    {{ checked_raw_rows(contract, relation, rules) }}
),

-- Keys are grouped by their hash first, and only rows whose hash occurs twice are compared: a window over every row of a
-- large table costs more than all the rest.
{% if is_incremental() -%}
keyed_rows as (
    select
        {{ named_keys | join(", ") }},
        raw_row_number
    from checked_rows
    where contract_rejection is null
    union all
    select
        {{ named_keys | join(", ") }},
        raw_row_number
    from {{ this }}
    where
        contract_rejection is null
        and {{ key_hash(keys) }} in (select {{ key_hash(keys) }} from checked_rows where contract_rejection is null)
),
{%- else -%}
{%- set raw_keys = [] -%}
{%- for column in contract.columns if column.key -%}
    {%- set parsed = column.name if is_raw_integer(column) else parsed_value(column, column.name) -%}
    {%- do raw_keys.append(nearest_monday(parsed) if column.key == "week" else parsed) -%}
{%- endfor -%}
repeated_keys as (
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

keyed_rows as (
    select
        {{ named_keys | join(", ") }},
        raw_row_number
    from ({{ checked_raw_rows(contract, "repeated_rows", rules) }}) as checked_repeated_rows
    where contract_rejection is null
),
{%- endif %}

followed_rows as (
    select
        raw_row_number,
        lag(raw_row_number) over (
            partition by {{ key_names | join(", ") }} order by raw_row_number
        ) as earlier_row_number
    from keyed_rows
),

following_rows as (
    select *
    from followed_rows
    where earlier_row_number is not null
),

final as (
    select
        {% for column in contract.columns -%}
        checked_rows.{{ column.name }},
        {% endfor -%}
        checked_rows.raw_row_number,
        following_rows.earlier_row_number,
        checked_rows.contract_rejection,
        checked_rows.raw_record
    from checked_rows
    left join following_rows
        on checked_rows.raw_row_number = following_rows.raw_row_number
)

select * from final
{%- endif -%}
{% endmacro %}
