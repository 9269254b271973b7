{% macro protected_value(column, value) %}
    {%- set text = "cast(" ~ value ~ " as string)" -%}
    {%- if column.pseudonym -%}
        {{ return(pseudonym("nullif(" ~ trimmed_text(text) ~ ", '')")) }}
    {%- elif column.pii == "name" -%}
        {{ return(masked_name(text)) }}
    {%- elif column.pii == "email" -%}
        {{ return(masked_email(text)) }}
    {%- elif column.pii == "phone" -%}
        {{ return(masked_phone(text)) }}
    {%- elif column.pii == "text" -%}
        {{ return(masked_text(text)) }}
    {%- elif column.pii == "query" -%}
        {{ return(masked_text(text, is_prose=false)) }}
    {%- else -%}
        {{ return(value) }}
    {%- endif -%}
{% endmacro %}
