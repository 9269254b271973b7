{% macro csv_delivery(table_name, location, file, part_states) %}
    {{ return(adapter.dispatch("csv_delivery", "upswing")(table_name, location, file, part_states)) }}
{% endmacro %}

{% macro duckdb__csv_delivery(table_name, location, file, part_states) %}
    {%- set relation = "read_csv('" ~ file | replace("'", "''") ~ "', all_varchar = true, header = true)" -%}
    {{ return({
        "location": location,
        "files": [file],
        "part_states": part_states,
        "relation": relation,
        "row_number": "row_number() over ()",
        "columns": described_columns(relation),
        "is_text": true,
        "is_stable": true,
    }) }}
{% endmacro %}

{% macro spark__csv_delivery(table_name, location, file, part_states) %}
    {%- set relation = "delivered_" ~ table_name -%}
    {#- As one piece, so that its rows are numbered in their order. A temporary view can stand behind a table, not behind a view. -#}
    {%- do run_query(
        "create or replace temporary view " ~ relation ~ " using csv options (path " ~ adapter.sql_literal(file)
        ~ ", header 'true', multiLine 'true', quote '\"', escape '\"', nullValue '')"
    ) -%}
    {{ return({
        "location": location,
        "files": [file],
        "part_states": part_states,
        "relation": relation,
        "row_number": "monotonically_increasing_id() + 1",
        "columns": described_columns(relation),
        "is_text": true,
        "is_stable": false,
    }) }}
{% endmacro %}
