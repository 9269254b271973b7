{% macro key_hash(expressions) %}
    {{- adapter.dispatch("key_hash", "upswing")(expressions) -}}
{% endmacro %}

{% macro duckdb__key_hash(expressions) -%}
    hash({{ expressions | join(", ") }})
{%- endmacro %}
