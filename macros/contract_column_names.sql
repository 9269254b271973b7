{% macro contract_column_names() %}
    {%- set names = [] -%}
    {%- for table in graph.sources.values() if table.source_name == "raw" -%}
        {%- do names.extend(table.columns.keys()) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}
