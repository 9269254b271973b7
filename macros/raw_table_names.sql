{% macro raw_table_names() %}
    {{ return(graph.sources.values() | selectattr("source_name", "equalto", "raw") | map(attribute="name") | sort) }}
{% endmacro %}
