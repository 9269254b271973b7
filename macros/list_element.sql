{% macro list_element(value, position) %}
    {{- adapter.dispatch("list_element", "upswing")(value, position) -}}
{% endmacro %}

{% macro duckdb__list_element(value, position) -%}
    list_extract({{ value }}, {{ position }})
{%- endmacro %}
