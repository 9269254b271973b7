{% macro no_variant() %}
    {{- return("(none)") -}}
{% endmacro %}
