{% macro kilometres_between(latitude, longitude, other_latitude, other_longitude) -%}
    2 * 6371.0 * asin(least(1.0, sqrt(
        power(sin(radians({{ other_latitude }} - {{ latitude }}) / 2), 2)
        + cos(radians({{ latitude }})) * cos(radians({{ other_latitude }}))
        * power(sin(radians({{ other_longitude }} - {{ longitude }}) / 2), 2)
    )))
{%- endmacro %}
