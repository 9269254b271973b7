{% macro forget_on_full_refresh() %}
    {%- if execute and flags.FULL_REFRESH and load_relation(this) is not none -%}
        truncate table {{ this }}
    {%- endif -%}
{% endmacro %}
