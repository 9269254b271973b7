{% macro tell_failed_tests(results) %}
    {#- dbt says how many rows a test found, and neither where nor what. -#}
    {%- set shown = [] -%}
    {%- for result in results if result.node.resource_type == "test" and (result.status | string) in ("fail", "warn") -%}
        {%- do shown.append(result) -%}
    {%- endfor -%}
    {%- set personal = personal_columns() if shown else [] -%}
    {%- for result in shown[:20] -%}
        {%- set node = result.node -%}
        {%- set row = run_query("select * from (\n" ~ node.compiled_code ~ "\n) as broken limit 1") -%}
        {%- set values = dict(zip(row.column_names, row.rows[0].values())) if row.rows else {} -%}
        {%- set rule = values.pop("broken_rule", none) or rule_of_test(node) -%}
        {%- do log(
            "test " ~ ("failed" if (result.status | string) == "fail" else "warned") ~ ": " ~ tested_relation(node) ~ ": " ~ rule ~ "\n  "
            ~ result.failures ~ (" row breaks" if result.failures == 1 else " rows break") ~ " it; the first: "
            ~ shown_row(values, rule, personal, node.column_name in personal),
            info=true
        ) -%}
    {%- endfor -%}
    {%- if shown | length > 20 -%}
        {%- do log("and " ~ (shown | length - 20) ~ " more tests; their SQL is in the folder target/compiled", info=true) -%}
    {%- endif -%}
{% endmacro %}
