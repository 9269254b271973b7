{% macro described_columns(relation) %}
    {%- set columns = [] -%}
    {%- for row in run_query("select column_name, column_type from (describe select * from " ~ relation ~ ")").rows -%}
        {%- do columns.append({"name": row[0], "type": row[1]}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}
