{% macro no_nested_value(column, found) %}
    {%- set type = found.type | upper -%}
    {%- if type.endswith("]") or modules.re.match("(STRUCT|MAP|UNION|LIST|ARRAY|VARIANT)", type) -%}
        {{ exceptions.raise_compiler_error(
            "The column " ~ found.name ~ " was delivered as " ~ found.type[:100] ~ ", and the raw contract asks for one "
            ~ column.data_type ~ " a row (models/staging/raw/_raw__sources.yml). Deliver the one value that is meant."
        ) }}
    {%- endif -%}
{% endmacro %}
