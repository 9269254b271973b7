{% macro nearest_name(text, known) %}
    {#- In Jinja, for dbt would log a query that holds the text. Names are near that share most of their pairs of letters. -#}
    {%- set best = namespace(name=none, likeness=0.6) -%}
    {%- set letters = modules.re.sub("[^a-z0-9]", "", text[:60] | lower) -%}
    {%- for name in known -%}
        {%- set wanted = name | replace("_", "") -%}
        {%- set pairs = [] -%}
        {%- for place in range(wanted | length - 1) -%}
            {%- do pairs.append(wanted[place:place + 2]) -%}
        {%- endfor -%}
        {%- set common = [] -%}
        {%- for place in range(letters | length - 1) if letters[place:place + 2] in pairs -%}
            {%- do pairs.remove(letters[place:place + 2]) -%}
            {%- do common.append(place) -%}
        {%- endfor -%}
        {%- set likeness = 2 * common | length / [letters | length + wanted | length - 2, 1] | max -%}
        {%- if likeness > best.likeness -%}
            {%- set best.name = name -%}
            {%- set best.likeness = likeness -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(best.name) }}
{% endmacro %}
