{% macro spark_session_restore_relation(relation) %}
  {%- set existing_relation = load_cached_relation(relation) -%}
  {%- set backup_relation = load_cached_relation(spark_session_backup_relation(relation)) -%}
  {%- if existing_relation is none and backup_relation is not none -%}
    {% do adapter.remove_leftover(relation) %}
    {% do adapter.rename_relation(backup_relation, relation) %}
    {{ return(relation) }}
  {%- endif -%}
  {{ return(existing_relation) }}
{% endmacro %}
