{% macro business_date(timestamp_column) %}
    {{- adapter.dispatch("business_date", "upswing")(timestamp_column) -}}
{% endmacro %}

{% macro duckdb__business_date(timestamp_column) -%}
    {%- if var("business_time_zone") == "UTC" -%}
        cast({{ timestamp_column }} as date)
    {%- else -%}
        cast({{ timestamp_column }} at time zone 'UTC' at time zone '{{ var("business_time_zone") }}' as date)
    {%- endif -%}
{%- endmacro %}

{% macro spark__business_date(timestamp_column) -%}
    {%- if var("business_time_zone") == "UTC" -%}
        cast({{ timestamp_column }} as date)
    {%- else -%}
        cast(from_utc_timestamp({{ timestamp_column }}, '{{ var("business_time_zone") }}') as date)
    {%- endif -%}
{%- endmacro %}
