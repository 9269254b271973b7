{% macro prune_weights() %}
    {%- if execute -%}
        {{ adapter.dispatch("prune_weights", "upswing")() }}
    {%- endif -%}
{% endmacro %}

{% macro duckdb__prune_weights() %}
    update {{ this }}
    set weights = null
    where
        weights is not null
        and model_version not in (
            select model_version
            from {{ this }}
            order by model_version desc
            limit {{ var("keep_weights") }}
        )
{% endmacro %}

{% macro spark__prune_weights() %}
    {#- A table of plain Parquet cannot be updated: it is written anew beside, and takes the place of the old one. -#}
    {%- set versions = run_query("select model_version from " ~ this ~ " where weights is not null order by model_version desc") -%}
    {%- set heavy = versions.columns[0].values() | list -%}
    {%- if heavy | length > var("keep_weights") -%}
        {%- set pruned = this.incorporate(path={"identifier": this.identifier ~ "__pruned"}, type="table") -%}
        {%- set columns = [] -%}
        {%- for column in adapter.get_columns_in_relation(this) -%}
            {%- do columns.append(
                "case when model_version >= '" ~ heavy[var("keep_weights") - 1] ~ "' then weights end as weights"
                if column.name == "weights" else column.name
            ) -%}
        {%- endfor -%}
        {%- do run_query("drop table if exists " ~ pruned) -%}
        {%- do adapter.remove_leftover(pruned) -%}
        {%- do run_query("create table " ~ pruned ~ " using parquet as select " ~ columns | join(", ") ~ " from " ~ this) -%}
        {%- do spark_session_swap_relations(pruned, this.incorporate(type="table"), this.incorporate(type="table")) -%}
    {%- endif -%}
{% endmacro %}
