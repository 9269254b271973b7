{% test columns_in_range(model, ranges) %}
-- One look at a table for all its columns; the rows that come back name the column and its worst values.
{% for column, range in ranges.items() %}
select
    '{{ column }}' as column_out_of_range,
    cast(min({{ column }}) as double) as smallest,
    cast(max({{ column }}) as double) as largest
from {{ model }}
having
    1 = 0
    {%- if range.minimum is defined %}
    or min({{ column }}) < {{ range.minimum }}
    {%- endif %}
    {%- if range.maximum is defined %}
    or max({{ column }}) > {{ range.maximum }}
    {%- endif %}
{{ "union all" if not loop.last }}
{% endfor %}
{% endtest %}
