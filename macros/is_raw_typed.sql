{% macro is_raw_typed(column) %}
    {#- Text is trimmed even where text was delivered. A time may come with a zone or without. -#}
    {{ return(
        (column.raw_type == column.data_type and column.data_type != "string")
        or (column.data_type == "timestamp" and (column.raw_type or "").startswith("timestamp"))
        or (is_raw_integer(column) and column.data_type in ("string", "int", "bigint", "double", "boolean"))
    ) }}
{% endmacro %}
