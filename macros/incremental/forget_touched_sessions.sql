{% macro forget_touched_sessions() %}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where session_id in ({{ touched_sessions() }})
    {%- endif -%}
{% endmacro %}
