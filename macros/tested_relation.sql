{% macro tested_relation(node) %}
    {%- set places = [node.attached_node] if node.attached_node else node.depends_on.nodes -%}
    {%- set names = [] -%}
    {%- for place in places -%}
        {%- do names.append(place.split(".") | last) -%}
    {%- endfor -%}
    {{ return(names | join(", ")) }}
{% endmacro %}
