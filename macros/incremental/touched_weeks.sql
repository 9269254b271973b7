{% macro touched_weeks() %}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set standing = built_from(model) -%}
    {%- set now = would_be_built_from() -%}
    {%- set weeks = {} -%}
    {%- if now.as_of_date != standing.as_of_date -%}
        {%- set week = namespace(day=modules.datetime.date.fromisoformat(standing.as_of_date)) -%}
        {%- set last_day = modules.datetime.date.fromisoformat(now.as_of_date) -%}
        {%- set week.day = week.day - modules.datetime.timedelta(days=week.day.weekday()) -%}
        {%- for _week in range(((last_day - week.day).days // 7) + 1) -%}
            {%- do weeks.update({week.day.isoformat(): true}) -%}
            {%- set week.day = week.day + modules.datetime.timedelta(days=7) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for name, source in now.sources.items() if name.startswith("parsed_raw__") -%}
        {%- set rows_then = standing.sources[name].parts * raw_rows_per_part() -%}
        {%- set found = run_query(weeks_of_changed_rows(name, rows_then, standing.as_of_date)) -%}
        {%- for row in found.rows -%}
            {%- do weeks.update({row[0]: true}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(weeks.keys() | sort) }}
{% endmacro %}
