{% macro personal_columns() %}
    {%- set names = ["raw_record"] -%}
    {%- for node in graph.nodes.values() | list + graph.sources.values() | selectattr("source_name", "equalto", "raw") | list -%}
        {%- for column in node.columns.values() if "pii" in column.config.tags -%}
            {%- do names.append(column.name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(names | unique | list) }}
{% endmacro %}
