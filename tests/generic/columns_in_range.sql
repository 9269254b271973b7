{% test columns_in_range(model, ranges) %}
-- A row comes back for each of its columns that is out of range.
{% for column, range in ranges.items() -%}
{{ rows_out_of_range(model, column, range.minimum, range.maximum) }}
{{ "union all" if not loop.last }}
{% endfor %}
{% endtest %}
