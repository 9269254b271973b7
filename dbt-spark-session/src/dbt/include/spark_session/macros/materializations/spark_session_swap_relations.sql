{% macro spark_session_swap_relations(new_relation, existing_relation, target_relation) %}
  {%- set backup_relation = spark_session_backup_relation(target_relation) -%}
  {%- if existing_relation.is_view -%}
    {% do adapter.drop_relation(existing_relation) %}
  {%- else -%}
    {% do adapter.drop_relation(backup_relation) %}
    {% do adapter.remove_leftover(backup_relation) %}
    {% do adapter.rename_relation(existing_relation, backup_relation) %}
  {%- endif -%}
  {% do adapter.remove_leftover(target_relation) %}
  {% do adapter.rename_relation(new_relation, target_relation) %}
  {% do adapter.drop_relation(backup_relation) %}
{% endmacro %}
