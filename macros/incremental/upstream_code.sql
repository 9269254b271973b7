{% macro upstream_code(waiting) %}
    {%- set checksums = {} -%}
    {#- Jinja has no while: a model of this project has fewer ancestors than it has nodes. -#}
    {%- for _step in graph.nodes if waiting -%}
        {%- set node = graph.nodes.get(waiting.pop()) -%}
        {%- if node and node.unique_id not in checksums -%}
            {%- do checksums.update({node.unique_id: node.checksum.checksum}) -%}
            {#- What is kept up itself says by its generation that it was made anew; a gate lets rows through and makes none. -#}
            {%- set ends_here = node.config.meta.get("kept_up_from") or node.config.meta.get("gate_settings") -%}
            {%- if node.unique_id == model.unique_id or not ends_here -%}
                {%- do waiting.extend(node.depends_on.nodes) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(local_md5(checksums.values() | sort | join(" ") ~ var("business_time_zone"))) }}
{% endmacro %}
