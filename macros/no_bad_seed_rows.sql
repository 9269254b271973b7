{% macro no_bad_seed_rows(file, bad_rows) %}
    {#- The rows, and under `dbt build` and `dbt test` an error that says what is wrong with each and what was expected. -#}
    {%- if execute and flags.WHICH in ("build", "test") -%}
        {%- set found = run_query("select bad_row, complaint from (" ~ bad_rows ~ ") as bad_rows order by bad_row, complaint").rows -%}
        {%- if found -%}
            {%- set lines = [] -%}
            {%- for row in found[:20] -%}
                {%- do lines.append("  " ~ row[0] ~ ": " ~ row[1]) -%}
            {%- endfor -%}
            {%- do exceptions.raise_compiler_error(
                file ~ " has bad rows:\n" ~ lines | join("\n") ~ ("\n  and " ~ (found | length - 20) ~ " more" if found | length > 20 else "")
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {{ bad_rows }}
{%- endmacro %}
