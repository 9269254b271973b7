{% macro joined_list(value, separator) %}
    {{- adapter.dispatch("joined_list", "upswing")(value, separator) -}}
{% endmacro %}

{% macro duckdb__joined_list(value, separator) -%}
    array_to_string({{ value }}, '{{ separator }}')
{%- endmacro %}

{% macro spark__joined_list(value, separator) -%}
    array_join({{ value }}, '{{ separator | replace("\\", "\\\\") }}')
{%- endmacro %}
