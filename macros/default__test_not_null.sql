{% macro default__test_not_null(model, column_name) %}
{#- Overrides dbt's own, which selects the column alone: a null that says nothing of its row. -#}
select *
from {{ model }}
where {{ column_name }} is null
{% endmacro %}
