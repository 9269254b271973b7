{% macro no_raw_relations(place, names, found_names) %}
    {{ exceptions.raise_compiler_error(
        "No raw table was found in " ~ place ~ " (vars raw_database and raw_schema).\n"
        ~ "  tables expected: " ~ names | join(", ") ~ "\n"
        ~ "  tables found:    " ~ (found_names | join(", ") or "none") ~ "\n"
        ~ "Attach the database in profiles/profiles.yml (`attach:`) and give its alias as raw_database, its schema as raw_schema; "
        ~ "on Spark these are a catalog and a schema of it."
    ) }}
{% endmacro %}
