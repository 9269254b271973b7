{% macro is_bought(units, revenue) -%}
({{ units }} > 0 and {{ revenue }} > 0)
{%- endmacro %}
