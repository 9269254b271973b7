{% macro is_raw_integer(column) %}
    {{ return(column.raw_type in ("bigint", "int", "integer", "smallint", "tinyint", "hugeint", "ubigint", "uinteger", "usmallint", "utinyint")) }}
{% endmacro %}
