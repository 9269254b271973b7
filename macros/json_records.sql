{% macro json_records(json_list, fields) %}
    {{- adapter.dispatch("json_records", "upswing")(json_list, fields) -}}
{% endmacro %}

{% macro duckdb__json_records(json_list, fields) -%}
    unnest(from_json({{ json_list }}, '[{{ upswing.duckdb_json_type(fields) }}]'))
{%- endmacro %}

{% macro spark__json_records(json_list, fields) -%}
    {#- Like DuckDB it stops at text that is no JSON, where Spark would otherwise give no row. -#}
    explode(from_json({{ json_list }}, 'array<{{ upswing.spark_json_type(fields) }}>', map('mode', 'FAILFAST')))
{%- endmacro %}

{% macro duckdb_json_type(fields) -%}
    {%- set types = [] -%}
    {%- for name, field in fields.items() -%}
        {%- set data_type = upswing.duckdb_json_type(field) if field is mapping else '"' ~ ("varchar" if field == "string" else field) ~ '"' -%}
        {%- do types.append('"' ~ name ~ '": ' ~ data_type) -%}
    {%- endfor -%}
    { {{- types | join(", ") -}} }
{%- endmacro %}

{% macro spark_json_type(fields) -%}
    {%- set types = [] -%}
    {%- for name, field in fields.items() -%}
        {%- do types.append("`" ~ name ~ "`: " ~ (upswing.spark_json_type(field) if field is mapping else field)) -%}
    {%- endfor -%}
    struct<{{ types | join(", ") }}>
{%- endmacro %}
