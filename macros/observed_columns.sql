{% macro observed_columns(contract) %}
    {%- set observed = [] -%}
    {%- for column in contract.columns if column.data_type in ("date", "timestamp") and not column.plan -%}
        {%- do observed.append(column) -%}
    {%- endfor -%}
    {{ return(observed) }}
{% endmacro %}
