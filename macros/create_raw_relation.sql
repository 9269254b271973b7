{% macro create_raw_relation(schema, name, select_sql, is_stable) %}
    {{ return(adapter.dispatch("create_raw_relation", "upswing")(schema, name, select_sql, is_stable)) }}
{% endmacro %}

{% macro duckdb__create_raw_relation(schema, name, select_sql, is_stable) %}
    {#- By run_query alone: adapter.get_relation would open a transaction that a hook does not commit. -#}
    {%- set wanted = "view" if is_stable else "table" -%}
    {%- set existing = run_query(
        "select lower(replace(table_type, 'BASE ', '')) from information_schema.tables"
        ~ " where table_catalog = current_database() and table_schema = '" ~ schema ~ "' and table_name = '" ~ name ~ "'"
    ) -%}
    {%- for row in existing.rows if row[0] != wanted -%}
        {#- What stands there is of the other kind (the company moved from a database to files): create or replace refuses that. -#}
        {%- do run_query("drop " ~ row[0] ~ " " ~ schema ~ "." ~ name) -%}
    {%- endfor -%}
    {%- do run_query("create or replace " ~ wanted ~ " " ~ schema ~ "." ~ name ~ " as " ~ select_sql) -%}
{% endmacro %}

{% macro spark__create_raw_relation(schema, name, select_sql, is_stable) %}
    {%- for row in run_query("show views in " ~ schema ~ " like '" ~ name ~ "'").rows if not row["isTemporary"] -%}
        {%- do run_query("drop view " ~ schema ~ "." ~ name) -%}
    {%- endfor -%}
    {%- do run_query("drop table if exists " ~ schema ~ "." ~ name) -%}
    {%- if not is_stable -%}
        {%- do adapter.remove_leftover(api.Relation.create(schema=schema, identifier=name, type="table")) -%}
    {%- endif -%}
    {%- do run_query("create " ~ ("view " if is_stable else "table ") ~ schema ~ "." ~ name ~ " as " ~ select_sql) -%}
{% endmacro %}
