{% macro json_records(json_list, fields) %}
    {{- adapter.dispatch("json_records", "upswing")(json_list, fields) -}}
{% endmacro %}

{% macro duckdb__json_records(json_list, fields) -%}
    unnest(from_json({{ json_list }}, '[{{ json_type(fields) }}]'))
{%- endmacro %}

{% macro spark__json_records(json_list, fields) -%}
    {#- Like DuckDB it stops at text that is no JSON, where Spark would otherwise give no row. -#}
    explode(from_json({{ json_list }}, 'array<{{ json_type(fields) }}>', map('mode', 'FAILFAST')))
{%- endmacro %}
