{% macro postgres_value(name, type) %}
    {%- set column = '"' ~ name | replace('"', '""') ~ '"' -%}
    {%- if type == "numeric" -%}
        {#- DuckDB reads the NaN of a numeric as 0, and a numeric without a scale as a double: an id of 20 digits would be another. -#}
        {{ return("trim_scale(" ~ column ~ ")::text as " ~ column) }}
    {%- elif type == "money" -%}
        {{ return(column ~ "::numeric::text as " ~ column) }}
    {%- elif type in (
        "bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bpchar", "date", "timestamp", "timestamptz", "bytea"
    ) -%}
        {{ return(column) }}
    {%- else -%}
        {{ return(column ~ "::text as " ~ column) }}
    {%- endif -%}
{% endmacro %}
