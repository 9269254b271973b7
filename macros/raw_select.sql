{% macro raw_select(contract, delivery, erasure=none, kept_from=none) %}
    {%- set found = {} -%}
    {%- for column in delivery.columns -%}
        {%- do found.update({column.name | trim | lower: column}) -%}
    {%- endfor -%}
    {%- set missing = [] -%}
    {%- set select_list = [] -%}
    {%- for column in contract.columns -%}
        {%- if column.name in found -%}
            {%- set value = raw_value(column, found[column.name], delivery.is_text) -%}
            {%- do select_list.append(protected_value(column, value) ~ " as " ~ column.name) -%}
        {%- else -%}
            {%- if column.required -%}{%- do missing.append(column.name ~ " (" ~ column.data_type ~ ")") -%}{%- endif -%}
            {%- do select_list.append("cast(null as string) as " ~ column.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if missing -%}
        {%- set expected = contract.columns | map(attribute="name") | list -%}
        {%- set is_named = found.keys() | select("in", expected) | list -%}
        {{ exceptions.raise_compiler_error(
            delivery.location ~ " lacks " ~ ("a column" if missing | length == 1 else "columns")
            ~ " that the raw contract requires: " ~ missing | join(", ") ~ ".\n"
            ~ "  columns found:    " ~ shown_columns(delivery.columns, expected) ~ "\n"
            ~ "  columns expected: " ~ expected | join(", ") ~ "\n"
            ~ ("A column that was renamed is the likely cause: deliver it under the expected name " if is_named
                else "No column has a name of the contract: the header row seems to be missing. Deliver the table with its column names ")
            ~ "(models/staging/raw/_raw__sources.yml is the contract)."
        ) }}
    {%- endif -%}
    {%- do select_list.append((delivery.problem or "cast(null as string)") ~ " as raw_problem") -%}
    {%- do select_list.append("cast(" ~ delivery.row_number ~ " as bigint) as raw_row_number") -%}
    {%- set rows = "select " ~ select_list | join(", ") ~ " from " ~ delivery.relation -%}
    {{ return(raw_rows_kept(contract, rows, erasure, kept_from)) }}
{% endmacro %}
