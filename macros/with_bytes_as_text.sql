{% macro with_bytes_as_text(relation, columns) %}
    {#- What is not UTF-8 stays as DuckDB writes bytes (\xFF), so that it can be seen in the quarantine. -#}
    {%- set texts = [] -%}
    {%- for column in columns if column.type == "BLOB" -%}
        {%- set name = '"' ~ column.name | replace('"', '""') ~ '"' -%}
        {%- do texts.append("coalesce(try(decode(" ~ name ~ ")), cast(" ~ name ~ " as varchar)) as " ~ name) -%}
        {%- do column.update({"type": "VARCHAR"}) -%}
    {%- endfor -%}
    {{ return("(select * replace (" ~ texts | join(", ") ~ ") from " ~ relation ~ ") as delivered" if texts else relation) }}
{% endmacro %}
