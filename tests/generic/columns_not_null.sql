{% test columns_not_null(model, columns) %}
-- One look at a table for all its columns; a row comes back as often as it lacks one.
{% for column in columns %}
select
    '{{ column }}' as missing_column,
    count(*) as rows_without
from {{ model }}
where {{ column }} is null
having count(*) > 0
{{ "union all" if not loop.last }}
{% endfor %}
{% endtest %}
