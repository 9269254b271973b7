{% macro checked_raw_rows(contract, relation, rules) %}
    select
        {% for column in contract.columns -%}
        {{ column.name }},
        {% endfor -%}
        raw_row_number,
        contract_rejection,
        case
            when raw_problem is not null
                then {{ dbt.concat(["'{\"delivered_as\": \"'", dbt.split_part("raw_problem", "': '", 1), "'\"}'"]) }}
            when contract_rejection is not null
                then {{ json_record(contract.columns | map(attribute="name") | list, "raw__") }}
        end as raw_record
    from (
        select
            *,
            case
                when raw_problem is not null then {{ dbt.split_part("raw_problem", "': '", 2) }}
                else nullif(concat_ws(
                    '; '
                    {%- for column in contract.columns -%}
                        {%- set rejection = rejection_of(column, "raw__" ~ column.name) -%}
                        {%- if rejection %},
                    {{ rejection }}
                        {%- endif -%}
                    {%- endfor -%}
                    {%- for rule in rules %},
                    case when {{ rule.condition }} then '{{ rule.reason }}' end
                    {%- endfor %}
                ), '')
            end as contract_rejection
        from (
            select
                {% for column in contract.columns -%}
                {{ parsed_value(column, column.name) }} as {{ column.name }},
                {{ column.name }} as raw__{{ column.name }},
                {% endfor -%}
                {{ contract.problem | default("raw_problem") }} as raw_problem,
                raw_row_number
            from {{ relation }}
        ) as parsed_rows
    ) as checked_rows
{% endmacro %}
