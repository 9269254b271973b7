{% macro forget_touched_weeks() %}
    {%- if execute and is_incremental() -%}
        {%- set weeks = touched_weeks() -%}
        {%- if weeks -%}
            {{ adapter.dispatch("forget_weeks", "upswing")(weeks) }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{% macro duckdb__forget_weeks(weeks) -%}
    delete from {{ this }} where {{ in_weeks("week_starting", weeks) }}
{%- endmacro %}

{% macro spark__forget_weeks(weeks) -%}
    alter table {{ this }} drop if exists
    {%- for week in weeks %}
    partition (week_starting = date '{{ week }}'){{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
