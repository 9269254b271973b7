{% macro rule_of_test(node) %}
    {%- set metadata = node.test_metadata -%}
    {%- if not metadata -%}
        {{ return(node.description | trim or node.name) }}
    {%- endif -%}
    {%- set given = metadata.kwargs -%}
    {%- set column = given.column_name -%}
    {%- if metadata.name == "not_null" -%}
        {{ return(column ~ " is never null") }}
    {%- elif metadata.name == "unique" -%}
        {{ return(column ~ " is unique") }}
    {%- elif metadata.name == "accepted_values" -%}
        {{ return(column ~ " is one of " ~ given["values"] | join(", ")) }}
    {%- elif metadata.name == "relationships" -%}
        {{ return(column ~ " is a " ~ given.field ~ " of " ~ given.to) }}
    {%- elif metadata.name == "unique_combination" -%}
        {{ return("one row per " ~ given.columns | join(", ")) }}
    {%- elif metadata.name == "holds_for_every_row" -%}
        {{ return(given.condition | trim) }}
    {%- elif metadata.name == "same_sum" -%}
        {{ return("the sum of " ~ given.expression ~ " is that of " ~ given.to_expression ~ " in " ~ given.to) }}
    {%- elif metadata.name == "rows_conserved" -%}
        {{ return("each delivered row is staged or in quarantine") }}
    {%- endif -%}
    {{ return(node.description | trim or node.name) }}
{% endmacro %}
