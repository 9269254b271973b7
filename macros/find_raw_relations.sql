{% macro find_raw_relations(contracts) %}
    {{ return(adapter.dispatch("find_raw_relations", "upswing")(contracts)) }}
{% endmacro %}

{% macro duckdb__find_raw_relations(contracts) %}
    {%- set found_in = raw_place() -%}
    {%- set place = found_in.database ~ "." ~ found_in.schema -%}
    {%- set kind = run_query(
        "select type from duckdb_databases() where database_name = '" ~ dbt.escape_single_quotes(found_in.database) ~ "'"
    ).rows -%}
    {%- if kind and kind[0][0] == "postgres" -%}
        {{ return(find_postgres_relations(contracts, found_in)) }}
    {%- endif -%}
    {%- set found = run_query(
        "select lower(table_name), column_name, data_type, table_name from information_schema.columns"
        ~ " where table_catalog = '" ~ dbt.escape_single_quotes(found_in.database) ~ "'"
        ~ " and table_schema = '" ~ dbt.escape_single_quotes(found_in.schema) ~ "' order by table_name, ordinal_position"
    ) -%}
    {%- set names = contracts | map(attribute="name") | list -%}
    {%- set deliveries = {} -%}
    {%- for row in found.rows if row[0] in names -%}
        {%- if row[0] not in deliveries -%}
            {#- An attached database promises no order of rows, so two reads may number them differently: read once, into a table. -#}
            {%- do deliveries.update({row[0]: {
                "location": place ~ "." ~ row[3],
                "relation": '"' ~ found_in.database ~ '"."' ~ found_in.schema ~ '"."' ~ row[3] ~ '"',
                "row_number": "row_number() over ()",
                "part_states": [],
                "columns": [],
                "is_text": false,
                "is_stable": false,
            }}) -%}
        {%- endif -%}
        {%- do deliveries[row[0]].columns.append({"name": row[1], "type": row[2]}) -%}
    {%- endfor -%}
    {%- if not deliveries -%}
        {{ no_raw_relations(place, names, found.columns[3].values() | unique | sort) }}
    {%- endif -%}
    {{ return(deliveries) }}
{% endmacro %}

{% macro spark__find_raw_relations(contracts) %}
    {%- set found_in = raw_place() -%}
    {%- set place = found_in.database ~ "." ~ found_in.schema -%}
    {%- set names = contracts | map(attribute="name") | list -%}
    {%- set found_names = run_query("show tables in " ~ place).columns["tableName"].values() | list -%}
    {%- set deliveries = {} -%}
    {%- for name in found_names if name | lower in names -%}
        {%- set relation = place ~ ".`" ~ name ~ "`" -%}
        {%- do deliveries.update({name | lower: {
            "location": place ~ "." ~ name,
            "relation": relation,
            "row_number": "monotonically_increasing_id() + 1",
            "part_states": [],
            "columns": described_columns(relation),
            "is_text": false,
            "is_stable": false,
        }}) -%}
    {%- endfor -%}
    {%- if not deliveries -%}
        {{ no_raw_relations(place, names, found_names) }}
    {%- endif -%}
    {{ return(deliveries) }}
{% endmacro %}
