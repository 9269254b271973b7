{% macro shown_row(values, rule, personal, is_personal) %}
    {#- Columns that the rule names come first. A built-in test gives the value of its column another name. -#}
    {%- set first = [] -%}
    {%- set others = [] -%}
    {%- for name, value in values.items() if value is not none -%}
        {%- set is_hidden = name in personal or (is_personal and name in ("unique_field", "value_field", "from_field")) -%}
        {%- set shown = name ~ " = " ~ ("(personal)" if is_hidden else value | string | truncate(80, true)) -%}
        {%- do (first if modules.re.search("\\b" ~ name ~ "\\b", rule) else others).append(shown) -%}
    {%- endfor -%}
    {{ return((first + others)[:12] | join(", ")) }}
{% endmacro %}
