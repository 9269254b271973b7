{% macro spark_session__persist_docs(relation, model, for_relation, for_columns) %}
  {%- if for_columns and config.persist_column_docs() and model.columns -%}
    {%- set columns = adapter.column_comments(relation) | list -%}
    {% do alter_column_comment(relation, validate_doc_columns(relation, model.columns, columns)) %}
  {%- endif -%}
{% endmacro %}
