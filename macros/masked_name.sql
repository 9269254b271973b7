{% macro masked_name(name) -%}
    {#- A letter that has a case is one of many. A Han character, a kana or a syllable of Hangul is a name or half of one. -#}
    {%- set trimmed = trimmed_text("cast(" ~ name ~ " as string)") -%}
    case
        when {{ trimmed }} = '' then ''
        when lower(substring({{ trimmed }}, 1, 1)) <> upper(substring({{ trimmed }}, 1, 1))
            then concat(substring({{ trimmed }}, 1, 1), '***')
        when {{ trimmed }} is not null then '***'
    end
{%- endmacro %}
