{% macro prune_weights() %}
    {#- Who was erased is still in the weights of all fits that were made before the first one without them. -#}
    {%- if execute -%}
        {{ adapter.dispatch("prune_weights", "upswing")("customers were erased since the last fit") }}
    {%- endif -%}
{% endmacro %}

{% macro duckdb__prune_weights(after_erasure) %}
    update {{ this }}
    set weights = null
    where
        weights is not null
        and (
            model_version not in (
                select model_version
                from {{ this }}
                order by model_version desc
                limit {{ var("keep_weights") }}
            )
            or model_version < (
                select max(model_version)
                from {{ this }}
                where refit_reason = '{{ after_erasure }}'
            )
        )
{% endmacro %}

{% macro spark__prune_weights(after_erasure) %}
    {#- A table of plain Parquet cannot be updated: it is written anew beside, and takes the place of the old one. -#}
    {%- set versions = run_query("select model_version from " ~ this ~ " where weights is not null order by model_version desc") -%}
    {%- set heavy = versions.columns[0].values() | list -%}
    {%- set erased = run_query("select max(model_version) from " ~ this ~ " where refit_reason = '" ~ after_erasure ~ "'").columns[0].values()[0] -%}
    {%- set first_kept = [heavy[: var("keep_weights")] | last | default("", true), erased or ""] | max -%}
    {%- if heavy | select("lt", first_kept) | list -%}
        {%- set pruned = this.incorporate(path={"identifier": this.identifier ~ "__pruned"}, type="table") -%}
        {%- set columns = [] -%}
        {%- for column in adapter.get_columns_in_relation(this) -%}
            {%- do columns.append(
                "case when model_version >= '" ~ first_kept ~ "' then weights end as weights"
                if column.name == "weights" else column.name
            ) -%}
        {%- endfor -%}
        {%- do run_query("drop table if exists " ~ pruned) -%}
        {%- do adapter.remove_leftover(pruned) -%}
        {%- do run_query("create table " ~ pruned ~ " using parquet as select " ~ columns | join(", ") ~ " from " ~ this) -%}
        {%- do spark_session_swap_relations(pruned, this.incorporate(type="table"), this.incorporate(type="table")) -%}
    {%- endif -%}
{% endmacro %}
