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
            {%- if not delivery -%}
                {%- do log("notice: raw table " ~ contract.name ~ " is absent: its models build empty", info=true) -%}
            {%- endif -%}
            {%- set selected = raw_select(contract, delivery) if delivery else raw_select_nothing(contract) -%}
            {%- set state = delivery.state if delivery else "absent" -%}
            {%- do create_raw_relation(contract.name, selected, delivery.is_stable if delivery else true) -%}
            {%- do rows.append(
                "('" ~ contract.name ~ "', "
                ~ ("true, '" ~ delivery.location | replace("'", "''") ~ "'" if delivery else "false, cast(null as string)")
                ~ ", " ~ ("'" ~ local_md5(selected ~ state) ~ "'" if state else "cast(null as string)")
                ~ ", '" ~ tojson(contract) | replace("'", "''") ~ "')"
            ) -%}
        {%- endfor -%}
        {%- do create_raw_relation(
            "deliveries",
            "select * from (values " ~ rows | join(", ")
            ~ ") as deliveries (table_name, is_present, location, fingerprint, contract)",
            true
        ) -%}
        {%- do create_raw_relation(
            "invocation", "select '" ~ invocation_id ~ "' as invocation_id, '" ~ flags.WHICH ~ "' as command", true
        ) -%}
        {%- do run_query("create table if not exists raw.staged_deliveries (relation varchar, fingerprint varchar)") -%}
    {%- endif -%}
{% endmacro %}
