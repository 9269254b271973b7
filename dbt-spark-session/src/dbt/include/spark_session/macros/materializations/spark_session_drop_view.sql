{% macro spark_session_drop_view(view) %}
  {%- call statement('drop_view') -%}
    drop view if exists {{ view }}
  {%- endcall -%}
{% endmacro %}
