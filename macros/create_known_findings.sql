{% macro create_known_findings() %}
    {%- if execute -%}
        {%- set folder = (var("raw_path") or env_var("UPSWING_RAW", "data/sample")).rstrip("/") -%}
        {%- set path = folder ~ "/truth/opportunities.parquet" -%}
        {%- set files = listed_files([path], folder) if not raw_place() -%}
        {%- if files -%}
            {%- if files[0].problem -%}
                {{ exceptions.raise_compiler_error(path ~ " " ~ files[0].problem ~ ".") }}
            {%- endif -%}
            {%- set delivery = parquet_delivery(path, [files[0].path], [], 0) -%}
            {%- set columns = delivery.columns | map(attribute="name") | list -%}
            {%- for name in ["opportunity_id", "finding"] if name not in columns -%}
                {{ exceptions.raise_compiler_error(
                    "The column " ~ name ~ " is missing in " ~ path ~ ", which holds " ~ shown_columns(delivery.columns, ["opportunity_id", "finding"])
                    ~ ". It tells the finding that is known of an opportunity; give the column, or take the file away."
                ) }}
            {%- endfor -%}
        {%- endif -%}
        {%- do create_raw_relation(
            "raw",
            "known_findings",
            "select cast(opportunity_id as string) as opportunity_id, cast(finding as string) as finding from "
            ~ (delivery.relation if files else "(select null as opportunity_id, null as finding) as nothing where 1 = 0"),
            true
        ) -%}
    {%- endif -%}
{% endmacro %}
