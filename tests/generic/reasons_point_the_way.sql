{% test reasons_point_the_way(model, codes, number, natural={}, raised_where="false") %}
{%- set fields = {"code": "string", "effect": "double", "parameters": {"value": "double", "usual": "double"}} -%}

-- Above one base the reasons raise the number and below it they lower it, so that the two kinds of rows lie apart.
with explained as (
    select
        {{ number }} as number,
        {{ raised_where }} as is_certainly_high,
        {{ codes }} as codes,
        {{ json_records(codes, fields) }} as reason
    from {{ model }}
    where {{ codes }} is not null
),

moved as (
    select
        number,
        is_certainly_high,
        codes,
        reason.code as code,
        reason.effect as effect,
        reason.parameters.value - reason.parameters.usual as apart,
        {% if natural -%}
        case reason.code
            {%- for code, direction in natural.items() %}
            when '{{ code }}' then {{ direction }}
            {%- endfor %}
            else 0
        end
        {%- else -%}
        0
        {%- endif %} as direction
    from explained
    where reason.effect <> 0
),

compared as (
    select
        *,
        min(effect) over (partition by codes) as least_effect,
        max(effect) over (partition by codes) as most_effect,
        min(case when effect > 0 then number end) over () as least_raised
    from moved
)

select *
from compared
where
    (least_effect < 0 and most_effect > 0)
    or (effect < 0 and number > least_raised)
    or (effect < 0 and is_certainly_high)
    or direction * apart * effect < 0
{% endtest %}
