{% macro raw_rows_per_part() %}
    {{ return(1000000000000) }}
{% endmacro %}
