{% macro create_mart_lineage() %}
    {%- if execute -%}
        {%- set group_owners = {} -%}
        {%- for group in graph.groups.values() -%}
            {%- do group_owners.update({group.name: group.owner.email or group.owner.name}) -%}
        {%- endfor -%}

        {%- set lineage = {} -%}
        {%- for table in graph.sources.values() if table.source_name == "raw" -%}
            {%- set owner = table.meta.get("owner") or table.meta.get("protects", []) | join(", ") -%}
            {%- do lineage.update({table.unique_id: {"layer": "raw", "name": table.name, "owner": owner, "marts": []}}) -%}
        {%- endfor -%}
        {%- set marts = [] -%}
        {%- for mart in graph.nodes.values() | sort(attribute="name") if mart.original_file_path.startswith("models/marts/") -%}
            {%- if mart.resource_type == "model" -%}
                {%- set domain = mart.original_file_path.split("/")[2] -%}
                {%- do marts.append({"node": mart, "domain": domain}) -%}
                {%- set owner = group_owners.get(mart.config.group, domain) -%}
                {%- do lineage.update({mart.unique_id: {"layer": "marts", "name": mart.name, "owner": owner, "marts": []}}) -%}
            {%- endif -%}
        {%- endfor -%}

        {%- for mart in marts -%}
            {%- set seen = {mart.node.unique_id: true} -%}
            {%- set waiting = [mart.node.unique_id] -%}
            {#- Jinja has no while: a mart has fewer ancestors than the project has nodes. -#}
            {%- for _step in graph.nodes if waiting -%}
                {%- set node = graph.nodes.get(waiting.pop()) -%}
                {#- Everything stands behind a gate and reads the clock; that makes nothing of it. -#}
                {%- if node and not node.config.meta.get("gate_settings") and node.name != "base_raw__clock" -%}
                    {%- for name in node.depends_on.nodes if name not in seen -%}
                        {%- do seen.update({name: true}) -%}
                        {%- do waiting.append(name) -%}
                    {%- endfor -%}
                {%- endif -%}
            {%- endfor -%}
            {#- What says how the tables are is not made wrong by them. -#}
            {%- for name in seen if name in lineage and (mart.domain != "quality" or name == mart.node.unique_id) -%}
                {%- do lineage[name].marts.append(mart.node.name) -%}
            {%- endfor -%}
        {%- endfor -%}

        {%- set rows = [] -%}
        {%- for table in lineage.values() -%}
            {%- do rows.append("('" ~ table.layer ~ "', '" ~ table.name ~ "', '" ~ dbt.escape_single_quotes(table.owner) ~ "', '" ~ table.marts | join(", ") ~ "')") -%}
        {%- endfor -%}
        {%- do create_raw_relation(
            "raw",
            "mart_lineage",
            "select * from (values " ~ rows | join(", ") ~ ") as lineage (layer, table_name, owner, protected_marts)",
            true
        ) -%}
    {%- endif -%}
{% endmacro %}
