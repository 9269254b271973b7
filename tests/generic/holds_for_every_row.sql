{% test holds_for_every_row(model, condition) %}
-- A condition that is null does not hold.
select *
from {{ model }}
where coalesce({{ condition }}, false) = false
{% endtest %}
