{% macro parquet_delivery(location, files, part_states, first_part) %}
    {{ return(adapter.dispatch("parquet_delivery", "upswing")(location, files, part_states, first_part)) }}
{% endmacro %}

{% macro duckdb__parquet_delivery(location, files, part_states, first_part) %}
    {%- set paths = [] -%}
    {%- for file in files -%}
        {%- do paths.append("'" ~ file | replace("'", "''") ~ "'") -%}
    {%- endfor -%}
    {%- set relation = "read_parquet([" ~ paths | join(", ") ~ "], union_by_name = true, hive_partitioning = false)" -%}
    {{ return({
        "location": location,
        "files": files,
        "part_states": part_states,
        "relation": relation,
        "row_number": "(file_index + " ~ first_part ~ ") * " ~ raw_rows_per_part() ~ " + file_row_number + 1",
        "columns": described_columns(relation),
        "is_text": false,
        "is_stable": true,
    }) }}
{% endmacro %}

{% macro spark__parquet_delivery(location, files, part_states, first_part) %}
    {%- set names = [] -%}
    {%- set parts = [] -%}
    {%- for file in files -%}
        {%- set name = file.split("/") | last -%}
        {%- do names.append(name) -%}
        {%- do parts.append("(" ~ adapter.sql_literal(name) ~ ", " ~ (first_part + loop.index0) ~ ")") -%}
    {%- endfor -%}
    {%- set folder = (files | first)[:-(names | first | length)] -%}
    {%- set pattern = names | first if names | length == 1 else "{" ~ names | join(",") ~ "}" -%}
    {%- set relation = (
        "(select delivered.*, parts.raw_part, delivered._metadata.row_index as raw_row_index from parquet.`" ~ folder ~ pattern
        ~ "` as delivered inner join (values " ~ parts | join(", ")
        ~ ") as parts (name, raw_part) on delivered._metadata.file_name = parts.name) as delivered"
    ) -%}
    {{ return({
        "location": location,
        "files": files,
        "part_states": part_states,
        "relation": relation,
        "row_number": "raw_part * " ~ raw_rows_per_part() ~ " + raw_row_index + 1",
        "columns": described_columns(relation),
        "is_text": false,
        "is_stable": true,
    }) }}
{% endmacro %}
