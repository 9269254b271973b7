{% macro raw_place() %}
    {{ return(adapter.dispatch("raw_place", "upswing")()) }}
{% endmacro %}

{% macro duckdb__raw_place() %}
    {%- if var("raw_database") -%}
        {{ return({"database": var("raw_database"), "schema": var("raw_schema")}) }}
    {%- elif execute -%}
        {#- The plugin of the profile attaches what UPSWING_SOURCE names: its text may hold a password and never comes here. -#}
        {%- set schema = run_query("select getvariable('upswing_source_schema')").rows[0][0] -%}
        {%- if schema -%}
            {{ return({"database": "upswing_source", "schema": schema}) }}
        {%- endif -%}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}

{% macro spark__raw_place() %}
    {{ return({"database": var("raw_database"), "schema": var("raw_schema")} if var("raw_database") else none) }}
{% endmacro %}
