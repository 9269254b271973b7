{% macro create_known_findings() %}
    {%- if execute -%}
        {{ adapter.dispatch("create_known_findings", "upswing")() }}
    {%- endif -%}
{% endmacro %}

{% macro duckdb__create_known_findings() %}
    {%- set folder = (var("raw_path") or env_var("UPSWING_RAW", "data/sample")).rstrip("/") -%}
    {%- set path = "'" ~ folder | replace("'", "''") ~ "/truth/opportunities.parquet'" -%}
    {%- set is_there = not var("raw_database") and run_query("select file from glob(" ~ path ~ ")").rows | length > 0 -%}
    {%- if is_there -%}
        {%- set columns = run_query("select column_name from (describe from read_parquet(" ~ path ~ "))").columns[0].values() -%}
        {%- for name in ["opportunity_id", "finding"] if name not in columns -%}
            {{ exceptions.raise_compiler_error(
                "The column " ~ name ~ " is missing in " ~ path ~ ", which holds " ~ columns | join(", ")
                ~ ". It tells the finding that is known of an opportunity; give the column, or take the file away."
            ) }}
        {%- endfor -%}
    {%- endif -%}
    {%- do create_raw_relation(
        "raw",
        "known_findings",
        "select cast(opportunity_id as varchar) as opportunity_id, cast(finding as varchar) as finding from "
        ~ ("read_parquet(" ~ path ~ ")" if is_there else "(select null as opportunity_id, null as finding where 1 = 0)"),
        true
    ) -%}
{% endmacro %}
