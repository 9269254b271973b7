{% macro nearest_monday(date_column) -%}
    {{ week_of(dbt.dateadd("day", 3, date_column)) }}
{%- endmacro %}
