{% macro create_raw_views() %}
    {#- At parse time there is no connection and no contract. -#}
    {%- if execute -%}
        {%- set contracts = [] -%}
        {%- for table_name in raw_table_names() -%}
            {%- do contracts.append(raw_contract(table_name)) -%}
        {%- endfor -%}
        {%- if var("raw_database") -%}
            {%- set deliveries = find_raw_relations(contracts) -%}
        {%- else -%}
            {%- set deliveries = find_raw_files(contracts) -%}
        {%- endif -%}

        {%- do run_query("create schema if not exists raw") -%}
        {%- set rows = [] -%}
        {%- for contract in contracts -%}
            {%- set delivery = deliveries.get(contract.name) -%}
            {%- if delivery -%}
                {%- do create_raw_relation(contract.name, raw_select(contract, delivery), delivery.is_stable) -%}
            {%- else -%}
                {%- do log("notice: raw table " ~ contract.name ~ " is absent: its models build empty", info=true) -%}
                {%- do create_raw_relation(contract.name, raw_select_nothing(contract), true) -%}
            {%- endif -%}
            {%- do rows.append(
                "('" ~ contract.name ~ "', "
                ~ ("true, '" ~ delivery.location | replace("'", "''") ~ "'" if delivery else "false, cast(null as string)")
                ~ ", '" ~ tojson(contract) | replace("'", "''") ~ "')"
            ) -%}
        {%- endfor -%}
        {%- do create_raw_relation(
            "deliveries",
            "select * from (values " ~ rows | join(", ") ~ ") as deliveries (table_name, is_present, location, contract)",
            true
        ) -%}
    {%- endif -%}
{% endmacro %}
