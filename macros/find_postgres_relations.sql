{% macro find_postgres_relations(contracts, found_in) %}
    {%- set database = dbt.escape_single_quotes(found_in.database) -%}
    {%- set catalog_sql -%}
        select
            tables.relname,
            columns.attname,
            case
                when types.typtype = 'e' or types.typelem <> 0 and types.typlen = -1 then 'other'
                else coalesce(base_types.typname, types.typname)
            end,
            has_schema_privilege(schemas.oid, 'usage') and has_column_privilege(tables.oid, columns.attnum, 'select'),
            current_user,
            array_position(primary_keys.indkey::int2[], columns.attnum)
        from pg_catalog.pg_namespace as schemas
        inner join pg_catalog.pg_class as tables
            on schemas.oid = tables.relnamespace and tables.relkind in ('r', 'p', 'v', 'm', 'f')
        inner join pg_catalog.pg_attribute as columns
            on tables.oid = columns.attrelid and columns.attnum > 0 and not columns.attisdropped
        inner join pg_catalog.pg_type as types
            on columns.atttypid = types.oid
        left join pg_catalog.pg_type as base_types
            on types.typbasetype = base_types.oid
        left join pg_catalog.pg_index as primary_keys
            on tables.oid = primary_keys.indrelid and primary_keys.indisprimary
        where schemas.nspname = '{{ dbt.escape_single_quotes(found_in.schema) }}'
        order by tables.relname, columns.attnum
    {%- endset -%}
    {%- set found = run_query("select * from postgres_query('" ~ database ~ "', '" ~ dbt.escape_single_quotes(catalog_sql) ~ "')") -%}

    {#- As DuckDB calls what postgres_value selects, where raw_value makes a difference. -#}
    {%- set types = {"bytea": "BLOB", "float4": "FLOAT", "float8": "DOUBLE"} -%}
    {%- set known = {} -%}
    {%- for contract in contracts -%}
        {%- do known.update({contract.name: contract.columns | map(attribute="name") | list}) -%}
    {%- endfor -%}
    {%- set place = found_in.database ~ "." ~ found_in.schema -%}
    {%- set columns = {} -%}
    {%- set reads = {} -%}
    {%- set deliveries = {} -%}
    {%- for row in found.rows if row[0] | lower in known -%}
        {%- set table_name = row[0] | lower -%}
        {%- if table_name not in deliveries -%}
            {%- do reads.update({table_name: []}) -%}
            {%- do deliveries.update({table_name: {
                "location": place ~ "." ~ row[0],
                "name": row[0],
                "row_number": "row_number() over ()",
                "part_states": [],
                "columns": [],
                "key": {},
                "is_text": false,
                "is_stable": false,
            }}) -%}
        {%- endif -%}
        {%- do deliveries[table_name].columns.append({"name": row[1], "type": types.get(row[2], "VARCHAR")}) -%}
        {%- if row[5] is not none -%}
            {%- do deliveries[table_name].key.update({row[5]: '"' ~ row[1] | replace('"', '""') ~ '"'}) -%}
        {%- endif -%}
        {%- if row[1] | trim | lower in known[table_name] -%}
            {%- if not row[3] -%}
                {{ exceptions.raise_compiler_error(
                    "The user " ~ row[4] ~ " may not read " ~ row[1] ~ " of " ~ place ~ "." ~ row[0] ~ ", a column of the raw contract.\n"
                    ~ "Let an owner run: grant usage on schema " ~ found_in.schema ~ " to " ~ row[4] ~ "; grant select on "
                    ~ found_in.schema ~ "." ~ row[0] ~ " to " ~ row[4] ~ ";"
                ) }}
            {%- endif -%}
            {%- do reads[table_name].append(postgres_value(row[1], row[2])) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not deliveries -%}
        {{ no_raw_relations(place, known.keys() | list, found.columns[0].values() | unique | sort) }}
    {%- endif -%}

    {%- for table_name, delivery in deliveries.items() -%}
        {%- set read = "select " ~ (reads[table_name] | join(", ") or "1 as nothing") ~ ' from "'
            ~ found_in.schema | replace('"', '""') ~ '"."' ~ delivery.name | replace('"', '""') ~ '"' -%}
        {#- A heap has no order, not even that of insertion: which of two rows with one key is the later one, the primary key tells. -#}
        {%- set key = delivery.key | dictsort | map(attribute=1) | join(", ") -%}
        {%- set read = read ~ (" order by " ~ key if key else "") -%}
        {%- set relation = "postgres_query('" ~ database ~ "', '" ~ dbt.escape_single_quotes(read) ~ "')" -%}
        {%- do delivery.update({"relation": relation}) -%}
    {%- endfor -%}
    {{ return(deliveries) }}
{% endmacro %}
