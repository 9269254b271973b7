{% macro raw_contract(table_name) %}
    {#- A unit test has no graph: there the contract comes from the copy that create_raw_views leaves in the warehouse. -#}
    {%- if graph.sources -%}
        {%- set declared = graph.sources.values()
            | selectattr("source_name", "equalto", "raw")
            | selectattr("name", "equalto", table_name)
            | first -%}
        {%- set columns = [] -%}
        {%- for column in declared.columns.values() -%}
            {%- set meta = column.config.meta -%}
            {%- do columns.append({
                "name": column.name,
                "data_type": column.data_type,
                "required": meta.get("required", false),
                "key": meta.get("key"),
                "plan": meta.get("plan", false),
                "observed": meta.get("observed", false),
                "moves_clock": meta.get("moves_clock", false),
                "accepted_values": meta.get("accepted_values"),
                "lower_case": meta.get("lower_case", false),
                "first_year": meta.get("first_year", 1900),
                "minimum": meta.get("minimum"),
                "maximum": meta.get("maximum"),
                "pii": meta.get("pii"),
                "pseudonym": meta.get("pseudonym", false),
            }) -%}
        {%- endfor -%}
        {{ return({"name": table_name, "columns": columns}) }}
    {%- else -%}
        {%- set copy = run_query("select contract from raw.deliveries where table_name = '" ~ table_name ~ "'") -%}
        {{ return(fromjson(copy.rows[0][0])) }}
    {%- endif -%}
{% endmacro %}
