{% macro raw_value(column, found, is_text) %}
    {{ return(adapter.dispatch("raw_value", "upswing")(column, found, is_text)) }}
{% endmacro %}

{% macro duckdb__raw_value(column, found, is_text) %}
    {#- A tool that has no null for integers writes an id as 900.0: the same customer would be 900 in one table and 900.0 in another. -#}
    {{- no_nested_value(column, found) -}}
    {%- set name = '"' ~ found.name | replace('"', '""') ~ '"' -%}
    {%- set is_fractional = found.type in ("DOUBLE", "FLOAT") or found.type.startswith("DECIMAL") -%}
    {%- if column.data_type == "string" and is_fractional -%}
        {{ return(
            "case when not isfinite(cast(" ~ name ~ " as double)) then null"
            ~ " when " ~ name ~ " = floor(" ~ name ~ ") and abs(" ~ name ~ ") < 1e18"
            ~ " then cast(cast(" ~ name ~ " as bigint) as varchar)"
            ~ " else cast(" ~ name ~ " as varchar) end"
        ) }}
    {%- elif found.type == "BLOB" -%}
        {#- Text of a tool that does not mark it as text. What is no UTF-8 is written by its bytes. -#}
        {{ return("coalesce(try(decode(" ~ name ~ ")), cast(" ~ name ~ " as varchar))") }}
    {%- elif is_text and (column.name.endswith("_id") or column.data_type == "boolean") -%}
        {{ return("regexp_replace(" ~ name ~ ", '^\\s*(-?[0-9]+)\\.0+\\s*$', '\\1')") }}
    {%- else -%}
        {{ return(name) }}
    {%- endif -%}
{% endmacro %}

{% macro spark__raw_value(column, found, is_text) %}
    {{- no_nested_value(column, found) -}}
    {%- set name = "`" ~ found.name | replace("`", "``") ~ "`" -%}
    {%- set is_fractional = found.type in ("DOUBLE", "FLOAT") or found.type.startswith("DECIMAL") -%}
    {%- if column.data_type == "string" and is_fractional -%}
        {%- set number = "cast(" ~ name ~ " as double)" -%}
        {{ return(
            "case when isnan(" ~ number ~ ") or abs(" ~ number ~ ") = cast('Infinity' as double) then null"
            ~ " when " ~ number ~ " % 1 = 0 and abs(" ~ number ~ ") < 1e18 then cast(cast(" ~ name ~ " as bigint) as string)"
            ~ " else cast(" ~ name ~ " as string) end"
        ) }}
    {%- elif is_text and (column.name.endswith("_id") or column.data_type == "boolean") -%}
        {{ return("regexp_replace(" ~ name ~ ", '^\\\\s*(-?[0-9]+)\\\\.0+\\\\s*$', '$1')") }}
    {%- else -%}
        {{ return(name) }}
    {%- endif -%}
{% endmacro %}
