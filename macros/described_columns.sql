{% macro described_columns(relation) %}
    {{ return(adapter.dispatch("described_columns", "upswing")(relation)) }}
{% endmacro %}

{% macro duckdb__described_columns(relation) %}
    {%- set columns = [] -%}
    {%- for row in run_query("select column_name, column_type from (describe select * from " ~ relation ~ ")").rows -%}
        {%- do columns.append({"name": row[0], "type": row[1]}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}

{% macro spark__described_columns(relation) %}
    {%- set columns = [] -%}
    {%- for row in run_query("describe query select * from " ~ relation).rows -%}
        {%- do columns.append({"name": row[0], "type": row[1] | upper}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}
