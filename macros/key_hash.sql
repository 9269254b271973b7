{% macro key_hash(expressions) %}
    {{- adapter.dispatch("key_hash", "upswing")(expressions) -}}
{% endmacro %}

{% macro duckdb__key_hash(expressions) -%}
    hash({{ expressions | join(", ") }})
{%- endmacro %}

{% macro spark__key_hash(expressions) -%}
    {#- Spark passes over a null in a list of values; the hash of one value is never null. -#}
    xxhash64(xxhash64({{ expressions | join("), xxhash64(") }}))
{%- endmacro %}
