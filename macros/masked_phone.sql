{% macro masked_phone(phone) %}
    {{- adapter.dispatch("masked_phone", "upswing")(phone) -}}
{% endmacro %}

{% macro duckdb__masked_phone(phone) -%}
    {%- set digits = "regexp_replace(cast(" ~ phone ~ " as string), '[^0-9]', '', 'g')" -%}
    case
        when length({{ digits }}) >= 6 then concat('***', right({{ digits }}, 2))
        when {{ trimmed_text("cast(" ~ phone ~ " as string)") }} = '' then ''
        when {{ phone }} is not null then '***'
    end
{%- endmacro %}

{% macro spark__masked_phone(phone) -%}
    {%- set digits = "regexp_replace(cast(" ~ phone ~ " as string), '[^0-9]', '')" -%}
    case
        when length({{ digits }}) >= 6 then concat('***', right({{ digits }}, 2))
        when {{ trimmed_text("cast(" ~ phone ~ " as string)") }} = '' then ''
        when {{ phone }} is not null then '***'
    end
{%- endmacro %}
