{% test accepted_range(model, column_name, minimum=none, maximum=none) %}
{{ rows_out_of_range(model, column_name, minimum, maximum) }}
{% endtest %}
