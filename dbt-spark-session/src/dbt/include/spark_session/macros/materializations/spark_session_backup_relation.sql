{% macro spark_session_backup_relation(relation) %}
  {{ return(relation.incorporate(path={'identifier': relation.identifier ~ '__dbt_backup'}, type='table')) }}
{% endmacro %}
