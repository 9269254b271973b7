{% macro json_type(fields) %}
    {{- adapter.dispatch("json_type", "upswing")(fields) -}}
{% endmacro %}

{% macro duckdb__json_type(fields) -%}
    {%- set types = [] -%}
    {%- for name, field in fields.items() -%}
        {%- set data_type = json_type(field) if field is mapping else '"' ~ ("varchar" if field == "string" else field) ~ '"' -%}
        {%- do types.append('"' ~ name ~ '": ' ~ data_type) -%}
    {%- endfor -%}
    { {{- types | join(", ") -}} }
{%- endmacro %}

{% macro spark__json_type(fields) -%}
    {%- set types = [] -%}
    {%- for name, field in fields.items() -%}
        {%- do types.append("`" ~ name ~ "`: " ~ (json_type(field) if field is mapping else field)) -%}
    {%- endfor -%}
    struct<{{ types | join(", ") }}>
{%- endmacro %}
