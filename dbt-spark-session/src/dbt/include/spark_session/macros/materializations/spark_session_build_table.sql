{% macro spark_session_build_table(target_relation, existing_relation, query, statement_name=none) %}
  {%- if config.get('location_root') -%}
    {% do exceptions.raise_compiler_error(
      "spark_session keeps its tables where the catalog puts them: take `location_root` out of " ~ model.name
      ~ " and set `spark.sql.warehouse.dir` in the profile instead."
    ) %}
  {%- endif -%}
  {%- set new_relation = target_relation if existing_relation is none
      else target_relation.incorporate(path={'identifier': target_relation.identifier ~ '__dbt_tmp'}) -%}
  {%- set commented_view = make_temp_relation(target_relation, '__dbt_commented') -%}
  {%- set has_comments = config.persist_column_docs() and model.columns -%}
  {%- if has_comments -%}
    {% do adapter.create_commented_view(commented_view, query, model.columns) %}
    {%- set query = 'select * from ' ~ commented_view -%}
  {%- endif -%}
  {%- if existing_relation is not none -%}
    {% do adapter.drop_relation(new_relation) %}
  {%- endif -%}
  {% do adapter.remove_leftover(new_relation) %}
  {%- call statement(statement_name) -%}
    {{ create_table_as(False, new_relation, query) }}
  {%- endcall -%}
  {%- if has_comments -%}
    {% do spark_session_drop_view(commented_view) %}
  {%- endif -%}
  {%- if existing_relation is not none -%}
    {% do spark_session_swap_relations(new_relation, existing_relation, target_relation) %}
  {%- endif -%}
{% endmacro %}
