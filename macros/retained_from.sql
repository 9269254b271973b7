{% macro retained_from(contract) %}
    {%- set days = var("retention_days").get(contract.name) -%}
    {%- if days is none -%}
        {{ return(none) }}
    {%- endif -%}
    {#- By whole months: each new first day has the table parsed anew. -#}
    {%- set today = run_started_at.astimezone(modules.pytz.timezone(var("business_time_zone"))).strftime("%Y-%m-%d") -%}
    {%- set given = var("as_of_date") | string if var("as_of_date") is not none else today -%}
    {%- set last = modules.datetime.date.fromisoformat(given) - modules.datetime.timedelta(days=days) -%}
    {{ return(last.strftime("%Y-%m-01")) }}
{% endmacro %}
