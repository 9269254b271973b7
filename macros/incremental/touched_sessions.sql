{% macro touched_sessions() %}
{%- if execute -%}
{%- set standing = built_from(model) -%}
{%- set rows_then = standing.sources["parsed_raw__events"].parts * raw_rows_per_part() -%}
{%- set parsed = graph.nodes["model." ~ project_name ~ ".parsed_raw__events"].relation_name -%}
{%- set contract = raw_contract("events") -%}
{%- set observed = contract.columns | selectattr("observed") | first -%}
{%- set keys = contract_keys(contract) -%}
{%- set was_hidden -%}
        raw_row_number <= {{ rows_then }}
        and {{ observed.name }} >= cast('{{ standing.as_of_date }}' as timestamp)
        and {{ day_of(observed, observed.name) }} > cast('{{ standing.as_of_date }}' as date)
{%- endset -%}
{%- set appended -%}
contract_rejection is null and raw_row_number > {{ rows_then }}
{%- endset %}
        select session_id
        from {{ parsed }}
        where {{ appended }}
        union distinct
        -- A row that takes the place of another takes it out of the session in which it was.
        select session_id
        from {{ parsed }}
        where raw_row_number in (
            select earlier_row_number from {{ parsed }} where {{ appended }} and earlier_row_number is not null
        )
        union distinct
        -- What the clock did not know may be known by now, and take the place of any row with its key.
        select session_id
        from {{ parsed }}
        where
            contract_rejection is null
            and {{ key_hash(keys) }} in (select {{ key_hash(keys) }} from {{ parsed }} where contract_rejection is null and {{ was_hidden }})
{%- endif -%}
{% endmacro %}
