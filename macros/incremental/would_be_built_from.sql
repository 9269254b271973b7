{% macro would_be_built_from() %}
    {%- set kept_up_from = model.config.meta.kept_up_from -%}
    {%- if kept_up_from == "delivery" -%}
        {%- set table_name = (model.sources | first)[1] -%}
        {%- set delivery = run_query(
            "select contract_hash, part_count, parts_hash, standing_parts from raw.deliveries where table_name = '" ~ table_name ~ "'"
        ).rows[0] -%}
        {{ return({
            "code": upstream_code([model.unique_id]),
            "contract_hash": delivery[0],
            "parts": delivery[1] | int,
            "parts_hash": delivery[2],
            "standing_parts": delivery[3],
        }) }}
    {%- endif -%}
    {#- What it reads has read the clock already, so that it stands. -#}
    {%- set clock = graph.nodes["model." ~ project_name ~ ".base_raw__clock"].relation_name -%}
    {%- set sources = {} -%}
    {%- for name in kept_up_from -%}
        {%- set source = built_from(graph.nodes["model." ~ project_name ~ "." ~ name]) or {} -%}
        {%- do sources.update({name: {"generation": source.generation | default(none), "parts": source.parts | default(none)}}) -%}
    {%- endfor -%}
    {%- set code = upstream_code([model.unique_id]) -%}
    {%- for name in model.config.meta.get("kept_up_vars", []) -%}
        {%- set code = local_md5(code ~ name ~ var(name)) -%}
    {%- endfor -%}
    {{ return({
        "code": code,
        "as_of_date": run_query("select cast(as_of_date as " ~ dbt.type_string() ~ ") from " ~ clock).rows[0][0],
        "sources": sources,
    }) }}
{% endmacro %}
