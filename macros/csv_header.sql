{% macro csv_header(table_name, location, line) %}
    {#- A sniffer guesses, skips lines and differs between engines; the header says all that is needed. -#}
    {%- set known = raw_contract(table_name).columns | map(attribute="name") | list if table_name in raw_table_names() else [] -%}
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

    {%- set names = [] -%}
    {%- set seen = {} -%}
    {%- for text in modules.re.findall("(?:^|" ~ modules.re.escape(delimiter) ~ ")" ~ field, line) -%}
        {%- set name = (text.strip()[1:-1] | replace('""', '"') if text.strip().startswith('"') else text).strip() -%}
        {%- if name | lower in seen and name | lower in known -%}
            {{ column_named_twice(location, name) }}
        {%- endif -%}
        {#- A column without a name, and an unknown one that is named twice, are passed over like any other extra column. -#}
        {%- do names.append(name if name and name | lower not in seen else "unnamed_column_" ~ loop.index) -%}
        {%- do seen.update({name | lower: true}) -%}
    {%- endfor -%}
    {{ return({"delimiter": delimiter, "names": names}) }}
{% endmacro %}
