{% macro protection_of(contract) %}
    {%- set protected = [] -%}
    {%- for column in contract.columns if column.pii or column.pseudonym -%}
        {%- do protected.append(protected_value(column, column.name)) -%}
    {%- endfor -%}
    {{ return(protected | join(" ")) }}
{% endmacro %}
