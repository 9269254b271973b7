{% macro words_of(text) -%}
replace(replace(
    ' ' || translate(lower({{ text }}), ',.;:/()+&*!?#_-', '               ') || ' ', '  ', ' '
), '  ', ' ')
{%- endmacro %}
