{% macro shown_columns(columns, known) %}
    {#- A name that the contract does not know may be a value of a customer: it is shown by its place and length. -#}
    {%- set names = columns | map(attribute="name") | map("trim") | map("lower") | list -%}
    {%- set is_header = names | select("in", known) | first is defined -%}
    {%- set shown = [] -%}
    {%- for column in columns[:40] -%}
        {%- set text = (column.delivered_as if column.delivered_as is defined else column.name) | trim -%}
        {%- if text | lower in known -%}
            {%- do shown.append(text) -%}
        {%- else -%}
            {%- set near = nearest_name(text, known) -%}
            {%- set start = text[0] if text | length > 2 and text[0].isalpha() else "" -%}
            {%- set size = text | length ~ (" character" if text | length == 1 else " characters") -%}
            {%- set masked = "column " ~ loop.index ~ " (" ~ (start ~ "***, " ~ size if text else "without a name") -%}
            {%- if near and is_header -%}
                {%- do shown.append(text ~ " (like " ~ near ~ ")") -%}
            {%- else -%}
                {%- do shown.append(masked ~ (", like " ~ near if near else "") ~ ")") -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(shown | join(", ") ~ (" and " ~ (columns | length - 40) ~ " more" if columns | length > 40 else "")) }}
{% endmacro %}
