{% macro words_of(text) -%}
{#- Small letters with one space between words and at both ends, so that ' word ' is found wherever the word is. -#}
replace(replace(
    {{ dbt.concat(["' '", "translate(lower(" ~ text ~ "), ',.;:/()+&*!?#_-', '               ')", "' '"]) }},
    '  ', ' '
), '  ', ' ')
{%- endmacro %}
