{% macro checked_raw_rows(contract, relation, rules) %}
    select
        {% for column in contract.columns -%}
        {{ column.name }},
        {% endfor -%}
        raw_row_number,
        nullif(
            concat_ws(
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
            ),
            ''
        ) as contract_rejection
    from (
        select
            {% for column in contract.columns -%}
            {{ parsed_value(column, column.name) }} as {{ column.name }},
            {% if column.data_type != "string" -%}
            {{ column.name }} as raw__{{ column.name }},
            {% endif -%}
            {% endfor -%}
            raw_row_number
        from {{ relation }}
    ) as parsed
{% endmacro %}
