{% macro standing_raw_parts(table_name, contract_hash, part_states) %}
    {%- set standing = built_from(graph.nodes["model." ~ project_name ~ ".parsed_raw__" ~ table_name]) -%}
    {%- if
        standing is not none
        and standing.contract_hash == contract_hash
        and standing.parts <= part_states | length
        and standing.parts_hash == local_md5(part_states[:standing.parts] | join(" "))
    -%}
        {{ return(standing.parts) }}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}
