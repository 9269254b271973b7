{% macro raw_select_nothing(contract) %}
    {%- set select_list = [] -%}
    {%- for column in contract.columns -%}
        {%- do select_list.append("cast(null as " ~ column.data_type ~ ") as " ~ column.name) -%}
    {%- endfor -%}
    {{ return("select " ~ select_list | join(", ") ~ ", cast(null as string) as raw_problem, cast(null as bigint) as raw_row_number limit 0") }}
{% endmacro %}
