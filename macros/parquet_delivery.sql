{% macro parquet_delivery(location, files, part_states, first_part) %}
    {{ return(adapter.dispatch("parquet_delivery", "upswing")(location, files, part_states, first_part)) }}
{% endmacro %}

{% macro duckdb__parquet_delivery(location, files, part_states, first_part) %}
    {%- set paths = [] -%}
    {%- for file in files -%}
        {%- do paths.append(duckdb_path(file)) -%}
    {%- endfor -%}
    {%- set relation = "read_parquet([" ~ paths | join(", ") ~ "], union_by_name = true, hive_partitioning = false)" -%}
    {%- set columns = described_columns(relation) -%}
    {#- DuckDB renames the second of two columns that differ in capitals alone. -#}
    {%- set names = columns | map(attribute="name") | map("lower") | list -%}
    {%- set known = contract_column_names() -%}
    {%- for name in names if name ~ "_1" in names and name | trim in known -%}
        {%- if run_query(
            "select 1 from parquet_schema([" ~ paths | join(", ") ~ "]) where lower(trim(name)) = '" ~ name | trim | replace("'", "''")
            ~ "' group by file_name having count(*) > 1"
        ).rows -%}
            {{ column_named_twice(location, name | trim) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return({
        "location": location,
        "files": files,
        "part_states": part_states,
        "relation": relation,
        "row_number": "(file_index + " ~ first_part ~ ") * " ~ raw_rows_per_part() ~ " + file_row_number + 1",
        "columns": columns,
        "is_text": false,
        "is_stable": true,
    }) }}
{% endmacro %}

{% macro spark__parquet_delivery(location, files, part_states, first_part) %}
    {%- set names = [] -%}
    {%- set numbered = [] -%}
    {%- for file in files -%}
        {%- set name = file.split("/") | last -%}
        {%- do names.append(name) -%}
        {%- do numbered.append("(" ~ adapter.sql_literal(name) ~ ", " ~ (first_part + loop.index0) ~ ")") -%}
    {%- endfor -%}
    {%- set folder = (files | first)[:-(names | first | length)] -%}
    {%- if files | length <= 50 -%}
        {%- set pattern = names | first if names | length == 1 else "{" ~ names | join(",") ~ "}" -%}
        {%- set parts = "(values " ~ numbered | join(", ") ~ ")" -%}
    {%- else -%}
        {#- The text of a view has an end: some 32,000 characters in a Derby catalog. -#}
        {%- set pattern = "*.parquet" -%}
        {%- set table_name = location.split("/")[0] | replace(".parquet", "") ~ ("_appended" if first_part else "") -%}
        {%- set parts = api.Relation.create(schema="raw_parts", identifier=table_name, type="table") -%}
        {%- do run_query("create schema if not exists raw_parts") -%}
        {%- do run_query("drop table if exists " ~ parts) -%}
        {%- do adapter.remove_leftover(parts) -%}
        {%- do run_query(
            "create table " ~ parts ~ " using parquet as select * from (values " ~ numbered | join(", ") ~ ") as parts (name, raw_part)"
        ) -%}
    {%- endif -%}
    {%- set relation = (
        "(select delivered.*, parts.raw_part, delivered._metadata.row_index as raw_row_index from parquet.`" ~ folder ~ pattern
        ~ "` as delivered inner join " ~ parts ~ " as parts (name, raw_part) on delivered._metadata.file_name = parts.name) as delivered"
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
