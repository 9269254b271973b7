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
