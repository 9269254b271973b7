{% macro csv_delivery(table_name, location, file, part_states) %}
    {{ return(adapter.dispatch("csv_delivery", "upswing")(table_name, location, file, part_states)) }}
{% endmacro %}

{% macro duckdb__csv_delivery(table_name, location, file, part_states) %}
    {%- set path = duckdb_path(file) -%}
    {#- A file on another machine is taken as it is meant to be: UTF-8. -#}
    {%- set start = fromjson(run_query("select csv_start('" ~ file | replace("'", "''") ~ "')").rows[0][0] or "{}") -%}
    {%- if "line" not in start -%}
        {%- set found = run_query(
            "select * from read_csv(" ~ path ~ ", auto_detect = false, header = false, delim = '\x01', quote = '', escape = '', "
            ~ "columns = {'line': 'varchar'}, new_line = '\\n', strict_mode = false, ignore_errors = true) limit 1"
        ).rows -%}
        {%- do start.update({"encoding": "utf-8", "line": (found[0][0] or "") if found else ""}) -%}
    {%- endif -%}
    {%- if not start.encoding -%}{{ not_utf8(location) }}{%- endif -%}
    {%- set header = csv_header(table_name, location, start.line) -%}

    {%- set declared = [] -%}
    {%- set columns = [] -%}
    {%- set names = [] -%}
    {%- for column in header.columns -%}
        {%- set name = column.name -%}
        {%- do declared.append("'" ~ name | replace("'", "''") ~ "': 'varchar'") -%}
        {%- do names.append('"' ~ name | replace('"', '""') ~ '"') -%}
        {%- do columns.append(dict(column, type="VARCHAR")) -%}
    {%- endfor -%}
    {%- set reading = (
        path ~ ", auto_detect = false, header = true, delim = '" ~ header.delimiter ~ "', quote = '\"', escape = '\"'"
        ~ ", encoding = '" ~ start.encoding ~ "', columns = {" ~ declared | join(", ") ~ "}"
    ) -%}
    {%- set bad_lines = bad_csv_lines(table_name, location, file, reading, names, part_states) -%}
    {{ return({
        "location": location,
        "files": [file],
        "part_states": part_states,
        "relation": bad_lines.relation if bad_lines else "read_csv(" ~ reading ~ ")",
        "sound_relation": bad_lines.sound_relation if bad_lines else none,
        "problem": "raw_problem" if bad_lines else none,
        "row_number": "row_number() over ()",
        "columns": columns,
        "is_text": true,
        "is_stable": not bad_lines,
    }) }}
{% endmacro %}

{% macro spark__csv_delivery(table_name, location, file, part_states) %}
    {%- set found = run_query("select value from text.`" ~ file ~ "` limit 1").rows -%}
    {%- set line = (found[0][0] or "") if found else "" -%}
    {%- if "\x00" in line -%}
        {{ not_utf8(location) }}
    {%- endif -%}
    {%- set header = csv_header(table_name, location, line.lstrip("\ufeff").rstrip("\r\n")) -%}
    {%- set view = "delivered_" ~ table_name -%}
    {%- set declared = [] -%}
    {%- set sound = [] -%}
    {%- set columns = [] -%}
    {%- for column in header.columns -%}
        {%- set name = column.name -%}
        {%- set quoted = "`" ~ name | replace("`", "``") ~ "`" -%}
        {%- do declared.append(quoted ~ " string") -%}
        {%- do sound.append("case when raw_bad_line is null then " ~ quoted ~ " end as " ~ quoted) -%}
        {%- do columns.append(dict(column, type="STRING")) -%}
    {%- endfor -%}
    {#- As one piece, so that its rows are numbered in their order. A temporary view can stand behind a table, not behind a view. -#}
    {%- do run_query(
        "create or replace temporary view " ~ view ~ " (" ~ declared | join(", ") ~ ", raw_bad_line string) using csv options (path "
        ~ adapter.sql_literal(file) ~ ", header 'true', enforceSchema 'true', multiLine 'true', quote '\"', escape '\"', nullValue '', sep "
        ~ adapter.sql_literal(header.delimiter) ~ ", columnNameOfCorruptRecord 'raw_bad_line')"
    ) -%}
    {{ return({
        "location": location,
        "files": [file],
        "part_states": part_states,
        "relation": "(select " ~ sound | join(", ") ~ ", raw_line, case when raw_bad_line is not null then concat('line ', "
            ~ "cast(raw_line + 1 as string), ': the line has more or fewer fields than the header') end as raw_problem from "
            ~ "(select *, monotonically_increasing_id() + 1 as raw_line from " ~ view ~ ") as numbered) as delivered",
        "problem": "raw_problem",
        "row_number": "raw_line",
        "columns": columns,
        "is_text": true,
        "is_stable": false,
    }) }}
{% endmacro %}
