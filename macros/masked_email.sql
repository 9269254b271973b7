{% macro masked_email(email) -%}
    {#- Not the domain: a family's or a small company's names whom it belongs to. -#}
    {%- set trimmed = trimmed_text("cast(" ~ email ~ " as string)") -%}
    case
        when {{ trimmed }} like '%_@_%' then concat({{ masked_name(email) }}, '@***')
        when {{ trimmed }} = '' then ''
        when {{ trimmed }} is not null then '***'
    end
{%- endmacro %}
