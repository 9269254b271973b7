{% macro masked_text(text) %}
    {%- set patterns = [
        ("[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*\\.[A-Za-z]{2,}", "[email]"),
        ("\\+[0-9][0-9 ().-]{6,}[0-9]", "[phone]"),
        ("00[0-9]{2}[ -]?1[3-9][0-9]{9}", "[phone]"),
        ("[0-9]{12,}[Xx]?", "[id]"),
        ("1[3-9][0-9]{9}", "[phone]"),
        ("\\(?[0-9]{3,4}\\)?[ .-]{1,2}[0-9]{3,4}[ .-]?[0-9]{4}", "[phone]"),
        ("\\(0[0-9]{1,4}\\)[ .-]?[0-9][0-9 .-]{4,}[0-9]", "[phone]"),
        ("[0-9]{2}([ .-][0-9]{2}){4}", "[phone]"),
        ("[A-Za-z]{0,6}[-_#/]?[0-9]{6,}[Xx]?", "[id]"),
        ("[A-Z]{2,6}[-_#/][0-9]{3,}", "[id]"),
    ] -%}
    {{- adapter.dispatch("masked_text", "upswing")(text, patterns) -}}
{% endmacro %}

{% macro duckdb__masked_text(text, patterns) -%}
    {%- set masked = namespace(expression=text) -%}
    {%- for pattern, marker in patterns -%}
        {%- set masked.expression = "regexp_replace(" ~ masked.expression ~ ", '" ~ pattern ~ "', '" ~ marker ~ "', 'g')" -%}
    {%- endfor -%}
    {{ masked.expression }}
{%- endmacro %}

{% macro spark__masked_text(text, patterns) -%}
    {%- set masked = namespace(expression=text) -%}
    {%- for pattern, marker in patterns -%}
        {#- Without bounds Java calls itself for each part of a domain, to its end, and reads a long word once for each letter.
            No domain has more parts, and no address more letters before its @. -#}
        {%- set bounded = pattern | replace(")*", "){0,126}") | replace("]+@", "]{1,64}@") -%}
        {#- Spark's literals take a backslash away. -#}
        {%- set literal = bounded | replace("\\", "\\\\") -%}
        {%- set masked.expression = "regexp_replace(" ~ masked.expression ~ ", '" ~ literal ~ "', '" ~ marker ~ "')" -%}
    {%- endfor -%}
    {{ masked.expression }}
{%- endmacro %}
