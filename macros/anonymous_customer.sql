{% macro anonymous_customer() %}
    {{- return("(anonymous)") -}}
{% endmacro %}
