{% macro delivery_fingerprint(model, sql) %}
    {%- set table_name = (model.sources | first)[1] -%}
    {%- set delivered = run_query("select fingerprint from raw.deliveries where table_name = '" ~ table_name ~ "'").rows[0][0] -%}
    {%- if delivered is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set clock = run_query("select cast(" ~ as_of_date() ~ " as varchar)").rows[0][0] -%}
    {{ return(local_md5(delivered ~ clock ~ sql)) }}
{% endmacro %}
