{% macro spark_session__make_temp_relation(base_relation, suffix) %}
  {%- set identifier = base_relation.schema ~ '__' ~ base_relation.identifier ~ suffix -%}
  {%- set temp_relation = base_relation.incorporate(path={'identifier': identifier}, type='view') -%}
  {{ return(temp_relation.include(database=false, schema=false)) }}
{% endmacro %}
