{% macro day_of(column, expression) -%}
    {{ business_date(expression) if column.data_type == "timestamp" else expression }}
{%- endmacro %}
