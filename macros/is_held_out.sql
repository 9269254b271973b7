{% macro is_held_out(variant) -%}
    coalesce({{ variant }} in ('control', 'holdout'), false)
{%- endmacro %}
