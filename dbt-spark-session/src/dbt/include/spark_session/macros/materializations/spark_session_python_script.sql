{% macro spark_session_python_script(compiled_code, result_view) %}
{{ compiled_code }}

dbt_result_view = {{ tojson(result_view.identifier) }}
{% endmacro %}
