{% macro run_date() -%}
    cast('{{ run_started_at.astimezone(modules.pytz.timezone(var("business_time_zone"))).strftime("%Y-%m-%d") }}' as date)
{%- endmacro %}
