{% macro raw_parts(delivery, first_part) %}
    {{ return(delivery if first_part == 0 else adapter.dispatch("raw_parts", "upswing")(delivery, first_part)) }}
{% endmacro %}

{% macro duckdb__raw_parts(delivery, first_part) %}
    {{ return(parquet_delivery(delivery.location, delivery.files[first_part:], delivery.part_states[first_part:], first_part)) }}
{% endmacro %}

{% macro spark__raw_parts(delivery, first_part) %}
    {{ return(parquet_delivery(delivery.location, delivery.files[first_part:], delivery.part_states[first_part:], first_part)) }}
{% endmacro %}
