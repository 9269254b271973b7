{% test same_sum(model, expression, to, to_expression) %}
with sums as (
    select
        (select coalesce(sum(cast({{ expression }} as decimal(28, 4))), 0) from {{ model }}) as this_sum,
        (select coalesce(sum(cast({{ to_expression }} as decimal(28, 4))), 0) from {{ to }}) as other_sum
)

select *
from sums
where this_sum <> other_sum
{% endtest %}
