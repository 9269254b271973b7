{% macro duckdb_path(file) %}
    {#- What stands for other characters in a pattern stands for itself in a path. -#}
    {{ return("'" ~ modules.re.sub("([*?[])", "[\\1]", file) | replace("'", "''") ~ "'") }}
{% endmacro %}
