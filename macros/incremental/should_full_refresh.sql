{% macro should_full_refresh() %}
    {#- Overrides dbt's own: a table that cannot be kept up from what it was built from is made anew without being asked. -#}
    {%- set asked = config.get("full_refresh") -%}
    {%- if asked is none -%}
        {%- set asked = flags.FULL_REFRESH -%}
    {%- endif -%}
    {{ return(asked or (model.config.meta.get("kept_up_from") is not none and not can_be_kept_up())) }}
{% endmacro %}
