{% macro default__collect_freshness(source, loaded_at_field, filter) %}
    {#- Overrides dbt's own. The clock may not be built yet, so it is read from the raw tables themselves. -#}
    {%- set relations = {} -%}
    {%- for node in graph.sources.values() if node.source_name == "raw" and node.config.loaded_at_field -%}
        {%- do relations.update({node.name: node.relation_name}) -%}
    {%- endfor -%}
    {%- set column = raw_contract(source.identifier).columns | selectattr("name", "equalto", loaded_at_field) | first -%}
    {%- call statement("collect_freshness", fetch_result=True, auto_begin=False) -%}
        with clock as (
            {%- if var("as_of_date") is none %}
            select max(latest_observed_on) as as_of_date
            from ({{ latest_observed_days(relations) }}) as observed_days
            {%- else %}
            select {{ as_of_date() }} as as_of_date
            {%- endif %}
        ),

        day_end as (
            select {{ dbt.dateadd("day", 1, "cast(coalesce(as_of_date, " ~ run_date() ~ ") as timestamp)") }} as snapshotted_at
            from clock
        ),

        loaded as (
            select cast({{ parsed_value(column, column.name) }} as timestamp) as loaded_at, true as is_delivered
            from {{ source }}
            {% if filter -%} where {{ filter }} {%- endif %}
        )

        -- A table that is absent or empty is not stale: raw_deliveries tells of it. One of which no time can be read is.
        select
            case
                when count(loaded.is_delivered) = 0 then day_end.snapshotted_at
                else coalesce(
                    max(case when loaded.loaded_at <= day_end.snapshotted_at then loaded.loaded_at end), cast('1900-01-01' as timestamp)
                )
            end as max_loaded_at,
            day_end.snapshotted_at
        from day_end
        left join loaded on 1 = 1
        group by day_end.snapshotted_at
    {%- endcall -%}
    {%- set found = load_result("collect_freshness") -%}
    {%- if found.table.rows[0][0].year == 1900 -%}
        {%- do log(
            "warning: no row of " ~ source.identifier ~ " has a time in " ~ loaded_at_field ~ " that can be read and is not later than as_of_date",
            info=true
        ) -%}
    {%- endif -%}
    {{ return(found) }}
{% endmacro %}
