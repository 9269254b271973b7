{% macro json_records(json_list, fields) %}
    {{- adapter.dispatch("json_records", "upswing")(json_list, fields) -}}
{% endmacro %}

{% macro duckdb__json_records(json_list, fields) -%}
    {%- set types = [] -%}
    {%- for name, data_type in fields.items() -%}
        {%- do types.append('"' ~ name ~ '": "' ~ ("varchar" if data_type == "string" else data_type) ~ '"') -%}
    {%- endfor -%}
    unnest(from_json({{ json_list }}, '[{ {{- types | join(", ") -}} }]'))
{%- endmacro %}

{% macro spark__json_records(json_list, fields) -%}
    {%- set types = [] -%}
    {%- for name, data_type in fields.items() -%}
        {%- do types.append("`" ~ name ~ "`: " ~ data_type) -%}
    {%- endfor -%}
    {#- Like DuckDB it stops at text that is no JSON, where Spark would otherwise give no row. -#}
    explode(from_json({{ json_list }}, 'array<struct<{{ types | join(", ") }}>>', map('mode', 'FAILFAST')))
{%- endmacro %}
