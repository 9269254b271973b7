{% macro tests_left_out() %}
    {%- set given = invocation_args_dict -%}
    {%- set chosen = set(selected_resources, []) -%}
    {#- `dbt retry` names nothing that it builds: what it was told to leave out the first time stays left out. -#}
    {%- set kinds_left_out = set(given.get("exclude_resource_types") or [], []) - set(["unit_test", "exposure"], []) -%}
    {%- set is_part = given.get("select") or given.get("exclude") or given.get("selector") or given.get("resource_types") or kinds_left_out -%}
    {%- if not chosen and is_part -%}
        {%- set chosen = set(graph.nodes.values() | rejectattr("resource_type", "equalto", "test") | map(attribute="unique_id") | list, []) -%}
    {%- endif -%}
    {%- set names = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == "test" and node.unique_id not in chosen -%}
        {%- if node.depends_on.nodes | select("in", chosen) | first is defined -%}
            {%- do names.append(node.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(names | sort) }}
{% endmacro %}
