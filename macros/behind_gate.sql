{% macro behind_gate(gate) %}
    {#- A hook of no text is not run; that it names the gate is what dbt needs to build the gate first. -#}
    {%- do ref(gate) -%}
{% endmacro %}
