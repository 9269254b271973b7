{% macro touched_weeks() %}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set standing = built_from(model) -%}
    {%- set now = would_be_built_from() -%}
    {%- set weeks = {} -%}
    {%- for name, source in now.sources.items() if name.startswith("parsed_raw__") -%}
        {%- set rows_then = standing.sources[name].parts * raw_rows_per_part() -%}
        {%- set found = run_query(weeks_of_changed_rows(name, rows_then, standing.as_of_date)) -%}
        {%- for row in found.rows -%}
            {%- do weeks.update({row[0]: true}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(weeks.keys() | sort) }}
{% endmacro %}
