{% macro no_nested_value(column, found) %}
    {%- set type = found.type | upper -%}
    {#- The names of its fields, and the values of an enumeration, are none of ours to print. -#}
    {%- set kind = found.type.split("(")[0].split("<")[0] ~ ("[]" if "(" in type and type.endswith("]")) -%}
    {%- if type.endswith("]") or modules.re.match("(STRUCT|MAP|UNION|LIST|ARRAY|VARIANT)", type) -%}
        {{ exceptions.raise_compiler_error(
            "The column " ~ found.name ~ " was delivered as " ~ kind ~ ", and the raw contract asks for one "
            ~ column.data_type ~ " a row (models/staging/raw/_raw__sources.yml). Deliver the one value that is meant."
        ) }}
    {%- endif -%}
{% endmacro %}
