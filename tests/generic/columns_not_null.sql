{% test columns_not_null(model, columns) %}
-- A row comes back for each column that it lacks.
{% for column in columns -%}
select
    '{{ column }} is never null' as broken_rule,
    tested.*
from {{ model }} as tested
where {{ column }} is null
{{ "union all" if not loop.last }}
{% endfor %}
{% endtest %}
