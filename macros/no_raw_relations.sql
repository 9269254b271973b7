{% macro no_raw_relations(place, names, found_names) %}
    {{ exceptions.raise_compiler_error(
        "No raw table was found in " ~ place ~ ".\n"
        ~ "  tables expected: " ~ names | join(", ") ~ "\n"
        ~ "  tables found:    " ~ (found_names | join(", ") or "none: there is no such schema, or its user may see none of its tables") ~ "\n"
        ~ "UPSWING_SOURCE names the database and UPSWING_SOURCE_SCHEMA the schema (docs/databases.md). A database that the profile "
        ~ "attaches by itself (`attach:`) is named by the vars raw_database and raw_schema; on Spark these are a catalog and a schema of it."
    ) }}
{% endmacro %}
