{% macro rejection_of(column, raw_expression) -%}
    {%- set name = column.name -%}
    {%- set type = column.data_type -%}
    {%- set kinds = {
        "double": "a number", "int": "a whole number", "bigint": "a whole number",
        "date": "a date", "timestamp": "a date and time", "boolean": "true or false",
    } -%}
    {%- set conditions = [] -%}
    {%- if type == "string" -%}
        {%- if column.required -%}
            {%- do conditions.append((name ~ " is null", "is missing")) -%}
        {%- endif -%}
        {%- do conditions.append((
            "length(" ~ name ~ ") > " ~ var("max_text_length"), "is longer than " ~ var("max_text_length") ~ " characters"
        )) -%}
        {%- do conditions.append(("position(chr(0) in " ~ name ~ ") > 0", "holds a NUL character")) -%}
        {%- if column.accepted_values -%}
            {%- do conditions.append((
                "lower(" ~ name ~ ") not in ('" ~ column.accepted_values | join("', '") ~ "')",
                "is not one of " ~ column.accepted_values | join(", ")
            )) -%}
        {%- endif -%}
    {%- else -%}
        {#- The text of a value is looked at only where the value could not be read: the rest pays nothing. -#}
        {%- if column.required -%}
            {%- do conditions.append((
                name ~ " is null and nullif(" ~ trimmed_text("cast(" ~ raw_expression ~ " as string)") ~ ", '') is null", "is missing"
            )) -%}
        {%- endif -%}
        {%- do conditions.append((
            name ~ " is null and nullif(" ~ trimmed_text("cast(" ~ raw_expression ~ " as string)") ~ ", '') is not null", "is not " ~ kinds[type]
        )) -%}
        {%- if type == "double" -%}
            {#- A comparison with NaN would be answered from the statistics of a Parquet file, which leave NaN out. -#}
            {%- do conditions.append((
                "isnan(" ~ name ~ ") or abs(" ~ name ~ ") = cast('Infinity' as double)",
                "is not a finite number"
            )) -%}
        {%- elif type in ("date", "timestamp") -%}
            {%- do conditions.append((
                name ~ " < cast('" ~ column.first_year ~ "-01-01' as " ~ type ~ ")", "lies before " ~ column.first_year
            )) -%}
            {%- if column.plan -%}
                {%- do conditions.append((name ~ " >= cast('2200-01-01' as " ~ type ~ ")", "lies after 2199")) -%}
            {%- endif -%}
        {%- endif -%}
        {%- if column.minimum is not none -%}
            {%- do conditions.append((name ~ " < " ~ column.minimum, "is below " ~ column.minimum)) -%}
        {%- endif -%}
        {%- if column.maximum is not none -%}
            {%- do conditions.append((name ~ " > " ~ column.maximum, "is above " ~ column.maximum)) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if conditions -%}
        case
        {%- for condition, words in conditions %}
            when {{ condition }} then '{{ name }} {{ words }}'
        {%- endfor %}
        end
    {%- endif -%}
{%- endmacro %}
