{% macro contract_keys(contract) %}
    {%- set keys = [] -%}
    {%- for column in contract.columns if column.key -%}
        {%- do keys.append(nearest_monday(column.name) if column.key == "week" else column.name) -%}
    {%- endfor -%}
    {{ return(keys) }}
{% endmacro %}
