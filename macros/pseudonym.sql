{% macro pseudonym(identity) %}
    {#- HMAC-SHA256 of two SHA-256 (RFC 2104); its Python form is upswing.privacy.pseudonyms. -#}
    {{- adapter.dispatch("pseudonym", "upswing")(identity) -}}
{% endmacro %}

{% macro duckdb__pseudonym(identity) -%}
    {#- The key is a variable of the connection, so that neither SQL nor logs hold it. -#}
    {%- set no_key = "error('this connection has no key of the pseudonyms: read the raw tables by dbt')::blob" -%}
    substr(sha256(coalesce(getvariable('upswing_outer_pad'), {{ no_key }})
        || unhex(sha256(coalesce(getvariable('upswing_inner_pad'), {{ no_key }}) || encode({{ identity }})))), 1, 24)
{%- endmacro %}

{% macro spark__pseudonym(identity) -%}
    {#- A view that stays cannot read a variable of the session, so that it reads the file that the session left. -#}
    {%- set pads = "text.`" ~ adapter.call_python("upswing.privacy.spark_pads:pads_file") ~ "`" -%}
    substr(sha2(concat(
        (select unhex(split(value, ' ')[1]) from {{ pads }}),
        unhex(sha2(concat((select unhex(split(value, ' ')[0]) from {{ pads }}), encode({{ identity }}, 'UTF-8')), 256))
    ), 256), 1, 24)
{%- endmacro %}
