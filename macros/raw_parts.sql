{% macro raw_parts(delivery, first_part) %}
    {%- if first_part == 0 -%}
        {{ return(delivery) }}
    {%- endif -%}
    {{ return(parquet_delivery(delivery.location, delivery.files[first_part:], delivery.part_states[first_part:], first_part)) }}
{% endmacro %}
