{% macro built_from(node) %}
    {{ return(adapter.dispatch("built_from", "upswing")(node)) }}
{% endmacro %}

{% macro duckdb__built_from(node) %}
    {%- set comments = run_query(
        "select comment from duckdb_tables() where database_name = current_database()"
        ~ " and schema_name = '" ~ node.schema ~ "' and table_name = '" ~ node.alias ~ "'"
    ).rows -%}
    {{ return(fromjson(comments[0][0], none) if comments and comments[0][0] else none) }}
{% endmacro %}

{% macro spark__built_from(node) %}
    {%- set relation = api.Relation.create(schema=node.schema, identifier=node.alias, type="table") -%}
    {{ return(fromjson(adapter.table_property(relation, "upswing.built_from") or "", none)) }}
{% endmacro %}
