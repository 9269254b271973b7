{% macro check_retention() %}
    {%- set given = var("retention_days") -%}
    {%- set mends = ". Set it in dbt_project.yml or by: dbt build --vars '{retention_days: {events: 400}}'" -%}
    {%- if given is not mapping -%}
        {%- do exceptions.raise_compiler_error(
            "The var retention_days is " ~ given ~ "; expected raw tables and for how many days their rows are kept" ~ mends
        ) -%}
    {%- endif -%}
    {%- set limitable = [] -%}
    {%- for name in raw_table_names() if raw_contract(name).columns | selectattr("observed") | list -%}
        {%- do limitable.append(name) -%}
    {%- endfor -%}
    {%- for name, days in given.items() -%}
        {%- if name not in limitable -%}
            {%- do exceptions.raise_compiler_error(
                "The var retention_days names " ~ name ~ "; expected a raw table whose rows have a day: " ~ limitable | join(", ") ~ mends
            ) -%}
        {%- endif -%}
        {%- if days is not integer or days is boolean or days < 1 -%}
            {%- do exceptions.raise_compiler_error(
                "The var retention_days says " ~ days ~ " for " ~ name ~ "; expected a whole number of days, at least 1" ~ mends
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
