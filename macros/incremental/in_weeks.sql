{% macro in_weeks(week_column, weeks, timestamp_column=none) -%}
    {%- if weeks -%}
        {{ week_column }} in (
        {%- for week in weeks -%}
            cast('{{ week }}' as date){{ ", " if not loop.last }}
        {%- endfor -%}
        )
        {%- if timestamp_column %}
        {#- A range of what is stored lets the engine pass over the rest unread; a day more on either side for the time zone. -#}
        {%- set first = modules.datetime.date.fromisoformat(weeks | first) - modules.datetime.timedelta(days=1) -%}
        {%- set end = modules.datetime.date.fromisoformat(weeks | last) + modules.datetime.timedelta(days=8) %}
        and {{ timestamp_column }} >= cast('{{ first }}' as timestamp)
        and {{ timestamp_column }} < cast('{{ end }}' as timestamp)
        {%- endif -%}
    {%- else -%}
        1 = 0
    {%- endif -%}
{%- endmacro %}
