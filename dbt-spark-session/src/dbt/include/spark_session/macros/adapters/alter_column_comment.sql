{% macro spark_session__alter_column_comment(relation, column_dict) %}
  {%- set present = {} -%}
  {%- for name, comment in adapter.column_comments(relation).items() -%}
    {%- do present.update({name | lower: comment}) -%}
  {%- endfor -%}
  {%- for name, column in column_dict.items() if column.description != present[name | lower] -%}
    {%- call statement('alter_column_comment') -%}
      alter table {{ relation }} alter column {{ adapter.quote(name) }}
      comment {{ adapter.sql_literal(column.description) }}
    {%- endcall -%}
  {%- endfor -%}
{% endmacro %}
