{% materialization table_of_delivery, adapter="duckdb" %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set fingerprint = delivery_fingerprint(model, sql) -%}
    {%- set recorded = run_query("select fingerprint from raw.staged_deliveries where relation = '" ~ this.identifier ~ "'") -%}
    {%- set is_unchanged = existing is not none and existing.is_table and not flags.FULL_REFRESH
        and fingerprint is not none and recorded.rows and recorded.rows[0][0] == fingerprint -%}

    {{ run_hooks(pre_hooks) }}
    {%- if is_unchanged -%}
        {%- call noop_statement("main", "UNCHANGED") -%}
            {{ sql }}
        {%- endcall -%}
    {%- else -%}
        {%- if existing is not none and not existing.is_table -%}
            {%- do adapter.drop_relation(existing) -%}
        {%- endif -%}
        {%- call statement("main") -%}
            create or replace table {{ this }} as (
            {{ sql }}
            )
        {%- endcall -%}
        {%- do run_query("delete from raw.staged_deliveries where relation = '" ~ this.identifier ~ "'") -%}
        {%- if fingerprint is not none -%}
            {%- do run_query("insert into raw.staged_deliveries values ('" ~ this.identifier ~ "', '" ~ fingerprint ~ "')") -%}
        {%- endif -%}
    {%- endif -%}
    {%- do persist_docs(this, model) -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}

    {{ return({"relations": [this.incorporate(type="table")]}) }}
{% endmaterialization %}
