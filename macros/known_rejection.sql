{% macro known_rejection(contract, relation) -%}
    {%- if observed_columns(contract) -%}
        nullif(
            concat_ws(
                '; ',
                {{ relation }}.contract_rejection
                {%- for column in observed_columns(contract) %},
                case
                    when {{ day_of(column, relation ~ "." ~ column.name) }} > (select as_of_date from clock)
                        then '{{ column.name }} lies after as_of_date'
                end
                {%- endfor %}
            ),
            ''
        )
    {%- else -%}
        {{ relation }}.contract_rejection
    {%- endif -%}
{%- endmacro %}
