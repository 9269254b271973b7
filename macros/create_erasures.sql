{% macro create_erasures() %}
    {%- set path = env_var("UPSWING_WAREHOUSE", "warehouse") ~ "/erasures.csv" -%}
    {%- set files = listed_files([path]) -%}
    {%- if files -%}
        {%- set delivery = csv_delivery("erasures", path, files[0].path, []) -%}
        {#- A blank row would be a null in the list, and nobody is known not to be on a list with a null. -#}
        {%- set named = "nullif(" ~ trimmed_text("cast(pseudonym as string)") ~ ", '')" -%}
        {%- do create_raw_relation(
            "raw", "erasures", "select distinct " ~ named ~ " as pseudonym from " ~ delivery.relation ~ " where " ~ named ~ " is not null", false
        ) -%}
        {{ return(local_md5(run_query("select pseudonym from raw.erasures order by pseudonym").columns[0].values() | join(" "))) }}
    {%- endif -%}
    {%- do create_raw_relation("raw", "erasures", "select cast(null as string) as pseudonym where 1 = 0", false) -%}
    {{ return(none) }}
{% endmacro %}
