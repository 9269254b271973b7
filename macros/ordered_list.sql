{% macro ordered_list(value, position) %}
    {{- adapter.dispatch("ordered_list", "upswing")(value, position) -}}
{% endmacro %}

{% macro duckdb__ordered_list(value, position) -%}
    list({{ value }} order by {{ position }})
{%- endmacro %}

{% macro spark__ordered_list(value, position) -%}
    {#- collect_list drops a null, but not a struct that holds one. -#}
    transform(
        array_sort(collect_list(struct({{ position }} as position, {{ value }} as value))),
        positioned -> positioned.value
    )
{%- endmacro %}
