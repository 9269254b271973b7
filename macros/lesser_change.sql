{% macro lesser_change(one, other) -%}
    case
        when {{ one }} >= 0 and {{ other }} >= 0 then least({{ one }}, {{ other }})
        when {{ one }} <= 0 and {{ other }} <= 0 then greatest({{ one }}, {{ other }})
        when {{ one }} is not null and {{ other }} is not null then 0
    end
{%- endmacro %}
