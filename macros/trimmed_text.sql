{% macro trimmed_text(text) %}
    {{- adapter.dispatch("trimmed_text", "upswing")(text) -}}
{% endmacro %}

{% macro duckdb__trimmed_text(text) -%}
    trim({{ text }})
{%- endmacro %}

{% macro spark__trimmed_text(text) -%}
    {#- DuckDB trims every Unicode space, Spark the plain one alone. Full-width spaces are common in Chinese text. -#}
    trim(both '\u0020\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000' from {{ text }})
{%- endmacro %}
