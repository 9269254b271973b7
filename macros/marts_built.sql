{% macro marts_built() %}
    {%- set names = [] -%}
    {%- for node in graph.nodes.values() if node.unique_id in selected_resources and node.fqn[1] == "marts" -%}
        {%- do names.append(node.name) -%}
    {%- endfor -%}
    {{ return(names | sort) }}
{% endmacro %}
