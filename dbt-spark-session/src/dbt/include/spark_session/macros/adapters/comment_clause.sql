{% macro spark_session__comment_clause() %}
  {%- if config.persist_relation_docs() and model.description -%}
    comment {{ adapter.sql_literal(model.description) }}
  {%- endif -%}
{% endmacro %}
