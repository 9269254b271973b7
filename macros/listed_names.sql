{% macro listed_names(names, never_hasty) -%}
    {%- set by_initial = {} -%}
    {%- for name in names.split("|") -%}
        {%- set initial = name[0] -%}
        {%- set key = initial if name | lower in never_hasty.split("|") else "[" ~ initial ~ initial | lower ~ "]" -%}
        {%- do by_initial.setdefault(key, []).append(name[1:]) -%}
    {%- endfor -%}
    {%- set alternatives = [] -%}
    {%- for initial, rests in by_initial.items() -%}
        {%- do alternatives.append(initial ~ "(?:" ~ rests | join("|") ~ ")") -%}
    {%- endfor -%}
    {{- "(?:" ~ alternatives | join("|") ~ ")" -}}
{%- endmacro %}
