{% macro csv_header(table_name, location, line) %}
    {#- A sniffer guesses, skips lines and differs between engines; the header says all that is needed. -#}
    {%- set known = raw_contract(table_name).columns | map(attribute="name") | list if table_name in raw_table_names() else ["pseudonym", "erased_at"] -%}
    {%- set unquoted = modules.re.sub('"(?:[^"]|"")*"', "", line) -%}
    {%- if not line.strip() or '"' in unquoted -%}
        {{ exceptions.raise_compiler_error(
            location ~ (" opens a quote in its header that never closes." if line.strip() else " has no header: its first line names no columns, or is longer than 2 MB.") ~ "\n"
            ~ "  columns expected: " ~ known | join(", ") ~ "\n"
            ~ "Deliver the file again with a header, or take it out of the folder: a table that is absent builds empty."
        ) }}
    {%- endif -%}
    {%- set counts = [] -%}
    {%- for mark in [",", ";", "\t", "|"] -%}
        {%- do counts.append((unquoted.count(mark), -loop.index, mark)) -%}
    {%- endfor -%}
    {%- set delimiter = (counts | sort | last)[2] -%}
    {%- set field = '("(?:[^"]|"")*"|[^' ~ modules.re.escape(delimiter) ~ ']*)' -%}

    {%- set columns = [] -%}
    {%- set seen = {} -%}
    {%- for text in modules.re.findall("(?:^|" ~ modules.re.escape(delimiter) ~ ")" ~ field, line) -%}
        {%- set name = (text.strip()[1:-1] | replace('""', '"') if text.strip().startswith('"') else text).strip() -%}
        {%- if name | lower in seen and name | lower in known -%}
            {{ column_named_twice(location, name) }}
        {%- endif -%}
        {%- do seen.update({name | lower: true}) -%}
        {#- Without a header row a name is a value of a customer, and dbt logs all SQL: other names than the contract's stay out of it. -#}
        {%- do columns.append({"name": name if name | lower in known else "unnamed_column_" ~ loop.index, "delivered_as": name}) -%}
    {%- endfor -%}
    {{ return({"delimiter": delimiter, "columns": columns}) }}
{% endmacro %}
