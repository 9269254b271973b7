{% macro list_element(value, position) %}
    {{- adapter.dispatch("list_element", "upswing")(value, position) -}}
{% endmacro %}

{% macro duckdb__list_element(value, position) -%}
    list_extract({{ value }}, {{ position }})
{%- endmacro %}

{% macro spark__list_element(value, position) -%}
    {#- Even try_element_at stops at position 0. -#}
    try_element_at({{ value }}, nullif(cast({{ position }} as int), 0))
{%- endmacro %}
