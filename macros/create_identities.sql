{% macro create_identities(contracts, deliveries) %}
    {#- Who stands behind each pseudonym, for the vault alone: a view, so that the warehouse holds none of it. -#}
    {%- set named = [] -%}
    {%- for contract in contracts
        if deliveries.get(contract.name) and contract.columns | selectattr("pseudonym") | list
    -%}
        {%- set delivery = deliveries[contract.name] -%}
        {%- set found = {} -%}
        {%- for column in delivery.columns -%}
            {%- do found.update({column.name | trim | lower: column}) -%}
        {%- endfor -%}
        {%- if "customer_id" in found -%}
            {%- set select_list = [] -%}
            {%- for name in ["customer_id", "full_name", "email", "phone"] -%}
                {%- set column = contract.columns | selectattr("name", "equalto", name) | first -%}
                {%- if column and name in found -%}
                    {%- set text = "cast(" ~ raw_value(column, found[name], delivery.is_text) ~ " as string)" -%}
                    {%- do select_list.append("nullif(" ~ trimmed_text(text) ~ ", '') as " ~ name) -%}
                {%- else -%}
                    {%- do select_list.append("cast(null as string) as " ~ name) -%}
                {%- endif -%}
            {%- endfor -%}
            {%- do named.append("select distinct " ~ select_list | join(", ") ~ " from " ~ (delivery.sound_relation or delivery.relation)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not named -%}
        {%- do named.append(
            "select cast(null as string) as customer_id, cast(null as string) as full_name, cast(null as string) as email, "
            ~ "cast(null as string) as phone"
        ) -%}
    {%- endif -%}
    {%- set select_sql -%}
        select * from (
            select
                {{ pseudonym("customer_id") }} as pseudonym,
                customer_id,
                max(full_name) as full_name,
                max(email) as email,
                max(phone) as phone
            from ({{ named | join(" union all ") }}) as named_customers
            where customer_id is not null
            group by customer_id
        ) as identities
        where not exists (select 1 from raw.erasures where erasures.pseudonym = identities.pseudonym)
    {%- endset -%}
    {{ adapter.dispatch("create_identities_view", "upswing")(select_sql) }}
{% endmacro %}

{% macro duckdb__create_identities_view(select_sql) %}
    {%- do create_raw_relation("raw", "identities", select_sql, true) -%}
{% endmacro %}

{% macro spark__create_identities_view(select_sql) %}
    {#- Only a view of the session may read the views that stand for CSV files. -#}
    {%- do run_query("create or replace global temporary view identities as " ~ select_sql) -%}
{% endmacro %}
