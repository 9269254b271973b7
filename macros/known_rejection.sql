{% macro known_rejection(contract, relation) -%}
    {%- set observed = [] -%}
    {%- for column in contract.columns if column.data_type in ("date", "timestamp") and not column.plan -%}
        {%- do observed.append(column) -%}
    {%- endfor -%}
    {%- if observed -%}
        nullif(
            concat_ws(
                '; ',
                {{ relation }}.contract_rejection
                {%- for column in observed -%}
                {%- set name = relation ~ "." ~ column.name %},
                case
                    when {{ business_date(name) if column.data_type == "timestamp" else name }} > clock.as_of_date
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
