{% macro spark_session__create_csv_table(model, agate_table) %}
  {% do adapter.remove_leftover(this) %}
  {{ return(spark__create_csv_table(model, agate_table)) }}
{% endmacro %}
