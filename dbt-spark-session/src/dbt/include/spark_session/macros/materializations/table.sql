{% materialization table, adapter='spark_session', supported_languages=['sql', 'python'] %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing_relation = spark_session_restore_relation(target_relation) -%}

  {{ run_hooks(pre_hooks) }}

  {%- if model['language'] == 'python' -%}
    {%- set result_view = make_temp_relation(target_relation, '__dbt_result') -%}
    {%- call statement('main', language='python') -%}
      {{ spark_session_python_script(compiled_code, result_view) }}
    {%- endcall -%}
    {% do spark_session_build_table(target_relation, existing_relation, 'select * from ' ~ result_view) %}
    {% do spark_session_drop_view(result_view) %}
  {%- else -%}
    {% do spark_session_build_table(target_relation, existing_relation, compiled_code, 'main') %}
  {%- endif -%}

  {% do apply_grants(target_relation, config.get('grants'), should_revoke(existing_relation, full_refresh_mode=True)) %}
  {% do persist_docs(target_relation, model) %}

  {{ run_hooks(post_hooks) }}

  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
