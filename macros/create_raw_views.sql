{% macro create_raw_views() %}
    {#- At parse time there is no connection and no contract. -#}
    {%- if execute -%}
        {%- set contracts = [] -%}
        {%- for table_name in raw_table_names() -%}
            {%- do contracts.append(raw_contract(table_name)) -%}
        {%- endfor -%}
        {%- if raw_place() -%}
            {%- set deliveries = find_raw_relations(contracts) -%}
        {%- else -%}
            {%- set deliveries = find_raw_files(contracts) -%}
        {%- endif -%}

        {%- do run_query("create schema if not exists raw") -%}
        {%- do run_query("create schema if not exists raw_appended") -%}
        {%- do check_retention() -%}
        {%- set key_id = pseudonym_key_id() -%}
        {%- set erasures_hash = create_erasures() -%}
        {%- do create_identities(contracts, deliveries) -%}
        {%- set rows = [] -%}
        {%- for contract in contracts -%}
            {%- set delivery = deliveries.get(contract.name) -%}
            {%- do notice_what_is_absent(contract.name, delivery) -%}
            {%- set part_states = delivery.part_states if delivery else [] -%}
            {%- set erasure = erasure_of(contract, contracts, deliveries) if erasures_hash -%}
            {#- What reads a temporary table is seen by this connection alone: it is copied. -#}
            {%- set is_stable = (delivery.is_stable if delivery else true) and (erasure.is_stable if erasure else true) -%}
            {%- set kept_from = retained_from(contract) -%}
            {#- How values are parsed is in macros, whose code no checksum of a model knows. -#}
            {%- set contract_hash = local_md5(
                tojson(contract) ~ checked_raw_rows(contract, "raw_rows", []) ~ protection_of(contract) ~ kept_from
                ~ (key_id if contract.columns | selectattr("pseudonym") | list) ~ (erasures_hash if erasure)
            ) -%}
            {%- set standing_parts = standing_raw_parts(contract.name, contract_hash, part_states) if part_states or not delivery else none -%}

            {%- do create_raw_relation(
                "raw", contract.name, raw_select(contract, delivery, erasure, kept_from) if delivery else raw_select_nothing(contract), is_stable
            ) -%}
            {%- set appended = part_states | length - standing_parts if standing_parts is not none else 0 -%}
            {%- do create_raw_relation(
                "raw_appended",
                contract.name,
                raw_select(contract, raw_parts(delivery, standing_parts), erasure, kept_from) if appended else raw_select_nothing(contract),
                is_stable if appended else true
            ) -%}
            {%- do rows.append(
                "('" ~ contract.name ~ "', "
                ~ ("true, '" ~ dbt.escape_single_quotes(delivery.location) ~ "'" if delivery else "false, cast(null as string)")
                ~ ", '" ~ contract_hash ~ "', " ~ part_states | length ~ ", '" ~ local_md5(part_states | join(" ")) ~ "', "
                ~ ("cast(null as int)" if standing_parts is none else standing_parts)
                ~ ", '" ~ dbt.escape_single_quotes(tojson(contract)) ~ "')"
            ) -%}
        {%- endfor -%}
        {%- do create_raw_relation(
            "raw",
            "deliveries",
            "select * from (values " ~ rows | join(", ") ~ ") as deliveries "
            ~ "(table_name, is_present, location, contract_hash, part_count, parts_hash, standing_parts, contract)",
            true
        ) -%}
        {%- set left_out = tests_left_out() -%}
        {#- `dbt retry` of a whole build names nothing that it builds. -#}
        {%- set built = "'" ~ marts_built() | join(",") ~ "'" if selected_resources else "cast(null as string)" -%}
        {%- do create_raw_relation(
            "raw",
            "invocation",
            "select '" ~ invocation_id ~ "' as invocation_id, '" ~ flags.WHICH ~ "' as command, " ~ left_out | length
            ~ " as tests_left_out, '" ~ left_out[:3] | join(", ") ~ "' as first_left_out, " ~ built ~ " as marts_built",
            true
        ) -%}
    {%- endif -%}
{% endmacro %}
