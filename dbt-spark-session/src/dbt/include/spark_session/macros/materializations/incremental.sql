{% materialization incremental, adapter='spark_session', supported_languages=['sql', 'python'] %}
  {%- set strategy = spark_session_incremental_strategy() -%}
  {%- set on_schema_change = incremental_validate_on_schema_change(config.get('on_schema_change'), default='ignore') -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing_relation = load_cached_relation(this) -%}
  {%- set result_view = make_temp_relation(target_relation, '__dbt_result') -%}
  {%- set query = compiled_code -%}
  {%- set statement_name = 'main' -%}

  {{ run_hooks(pre_hooks) }}

  {%- if model['language'] == 'python' -%}
    {%- call statement('main', language='python') -%}
      {{ spark_session_python_script(compiled_code, result_view) }}
    {%- endcall -%}
    {%- set query = 'select * from ' ~ result_view -%}
    {%- set statement_name = none -%}
  {%- endif -%}

  {%- if existing_relation is none or existing_relation.is_view or should_full_refresh() -%}
    {% do spark_session_build_table(target_relation, existing_relation, query, statement_name) %}
  {%- else -%}
    {%- if model['language'] == 'sql' -%}
      {%- call statement('create_result_view') -%}
        {{ create_temporary_view(result_view, query) }}
      {%- endcall -%}
    {%- endif -%}
    {% do process_schema_changes(on_schema_change, result_view, existing_relation) %}
    {%- if strategy == 'insert_overwrite' -%}
      {%- call statement('set_partition_overwrite_mode') -%}
        set spark.sql.sources.partitionOverwriteMode = dynamic
      {%- endcall -%}
    {%- endif -%}
    {%- call statement(statement_name) -%}
      {%- if strategy == 'insert_overwrite' -%}
        {{ get_insert_overwrite_sql(result_view, target_relation, existing_relation) }}
      {%- else -%}
        {{ get_insert_into_sql(result_view, target_relation) }}
      {%- endif -%}
    {%- endcall -%}
  {%- endif -%}
  {% do spark_session_drop_view(result_view) %}

  {% do apply_grants(target_relation, config.get('grants'), should_revoke(existing_relation, should_full_refresh())) %}
  {% do persist_docs(target_relation, model) %}

  {{ run_hooks(post_hooks) }}

  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
