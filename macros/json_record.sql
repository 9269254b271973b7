{% macro json_record(columns, prefix="") %}
    {{- adapter.dispatch("json_record", "upswing")(columns, prefix) -}}
{% endmacro %}

{% macro duckdb__json_record(columns, prefix="") -%}
    cast(to_json({
        {%- for column in columns -%}
            '{{ column }}': cast({{ prefix ~ column }} as varchar){{ ", " if not loop.last }}
        {%- endfor -%}
    }) as varchar)
{%- endmacro %}

{% macro spark__json_record(columns, prefix="") -%}
    to_json(named_struct(
        {%- for column in columns -%}
            '{{ column }}', cast({{ prefix ~ column }} as string){{ ", " if not loop.last }}
        {%- endfor -%}
    ), map('ignoreNullFields', 'false'))
{%- endmacro %}
