{% macro ordered_list(value, position) %}
    {{- adapter.dispatch("ordered_list", "upswing")(value, position) -}}
{% endmacro %}

{% macro duckdb__ordered_list(value, position) -%}
    list({{ value }} order by {{ position }})
{%- endmacro %}
