{% macro rows_out_of_range(relation, column_name, minimum, maximum) -%}
    {%- set conditions = [] -%}
    {%- set words = [] -%}
    {%- if minimum is defined and minimum is not none -%}
        {%- do conditions.append(column_name ~ " < " ~ minimum) -%}
        {%- do words.append("at least " ~ minimum) -%}
    {%- endif -%}
    {%- if maximum is defined and maximum is not none -%}
        {%- do conditions.append(column_name ~ " > " ~ maximum) -%}
        {%- do words.append("at most " ~ maximum) -%}
    {%- endif -%}
    select
        '{{ column_name }} is {{ words | join(" and ") }}' as broken_rule,
        tested.*
    from {{ relation }} as tested
    where {{ conditions | join(" or ") }}
{%- endmacro %}
