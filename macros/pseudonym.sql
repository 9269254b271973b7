{% macro pseudonym(identity) %}
    {#- HMAC-SHA256 (RFC 2104), as upswing.privacy.pseudonyms makes it. -#}
    {{- adapter.dispatch("pseudonym", "upswing")(identity) -}}
{% endmacro %}

{% macro duckdb__pseudonym(identity) -%}
    {#- A function of Python, so that neither SQL nor logs nor DuckDB's memory hold the key. -#}
    upswing_pseudonym({{ identity }})
{%- endmacro %}

{% macro spark__pseudonym(identity) -%}
    {#- A view that stays cannot read a variable of the session, so that it reads the file that the session left. -#}
    {%- set pads = "text.`" ~ adapter.call_python("upswing.privacy.spark_pads:pads_file") ~ "`" -%}
    substr(sha2(concat(
        (select unhex(split(value, ' ')[1]) from {{ pads }}),
        unhex(sha2(concat((select unhex(split(value, ' ')[0]) from {{ pads }}), encode({{ identity }}, 'UTF-8')), 256))
    ), 256), 1, 24)
{%- endmacro %}
