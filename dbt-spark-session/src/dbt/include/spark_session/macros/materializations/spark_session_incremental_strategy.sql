{% macro spark_session_incremental_strategy() %}
  {%- set strategy = config.get('incremental_strategy') or 'append' -%}
  {%- if strategy not in ['append', 'insert_overwrite'] -%}
    {% do exceptions.raise_compiler_error(
      "The incremental strategy '" ~ strategy ~ "' of " ~ model.name ~ " needs tables whose rows can be changed, which "
      ~ "Spark's own file formats have not. Use 'append', or 'insert_overwrite' with `partition_by` to replace whole "
      ~ "partitions, or rebuild the table."
    ) %}
  {%- endif -%}
  {{ return(strategy) }}
{% endmacro %}
