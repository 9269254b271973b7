{% macro default__collect_freshness(source, loaded_at_field, filter) %}
    {#- Overrides dbt's own. The clock may not be built yet, so it is read from the raw tables themselves. -#}
    {%- set relations = {} -%}
    {%- for node in graph.sources.values() if node.source_name == "raw" and node.config.loaded_at_field -%}
        {%- do relations.update({node.name: node.relation_name}) -%}
    {%- endfor -%}
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
            select {{ loaded_at_field }} as loaded_at
            from {{ source }}
            {% if filter -%} where {{ filter }} {%- endif %}
        )

        -- A table that is absent or empty is not stale: raw_deliveries tells of it.
        select
            coalesce(
                max(case when loaded.loaded_at <= day_end.snapshotted_at then loaded.loaded_at end),
                max(case when loaded.loaded_at is null then day_end.snapshotted_at end)
            ) as max_loaded_at,
            day_end.snapshotted_at
        from day_end
        left join loaded on 1 = 1
        group by day_end.snapshotted_at
    {%- endcall -%}
    {{ return(load_result("collect_freshness")) }}
{% endmacro %}
