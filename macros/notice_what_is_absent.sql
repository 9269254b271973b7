{% macro notice_what_is_absent(table_name, delivery) %}
    {%- set declared = graph.sources.values()
        | selectattr("source_name", "equalto", "raw")
        | selectattr("name", "equalto", table_name)
        | first -%}
    {%- if not delivery -%}
        {%- set without_it = declared.config.meta.get("without_it", "its models build empty") -%}
        {%- do log("notice: raw table " ~ table_name ~ " is absent: " ~ without_it, info=true) -%}
    {%- else -%}
        {%- set delivered = delivery.columns | map(attribute="name") | map("trim") | map("lower") | list -%}
        {%- for column in declared.columns.values() if column.name not in delivered and column.config.meta.get("without_it") -%}
            {%- do log("notice: raw table " ~ table_name ~ " has no " ~ column.name ~ ": " ~ column.config.meta["without_it"], info=true) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
