{% macro listed_files(patterns, folder="") %}
    {{ return(adapter.dispatch("listed_files", "upswing")(patterns, folder)) }}
{% endmacro %}

{% macro duckdb__listed_files(patterns, folder="") %}
    {%- set files = [] -%}
    {%- for pattern in patterns -%}
        {%- set root = pattern.split("/*")[0] if "/*" in pattern else pattern.rpartition("/")[0] -%}
        {%- set quoted = duckdb_path(root)[:-1] ~ pattern[root | length:] | replace("'", "''") ~ "'" -%}
        {#- read_blob would stop where nothing matches. Neither size nor time of a file is read from its content. -#}
        {%- if run_query("select 1 from glob(" ~ quoted ~ ") limit 1").rows -%}
            {%- for row in run_query(
                "select filename, md5(concat_ws('|', filename, size, last_modified)), file_problem(filename, '"
                ~ folder | replace("'", "''") ~ "') from read_blob(" ~ quoted ~ ") order by filename"
            ).rows -%}
                {%- do files.append({"path": row[0], "name": row[0][root | length + 1:], "state": row[1], "problem": row[2]}) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(files) }}
{% endmacro %}

{% macro spark__listed_files(patterns, folder="") %}
    {%- set files = [] -%}
    {%- for pattern in patterns -%}
        {%- set depth = pattern.split("*")[0].rpartition("/")[0].strip("/").split("/") | length -%}
        {%- set below = pattern.strip("/").split("/") | length - depth -%}
        {%- for file in adapter.list_files(pattern) -%}
            {%- set problem = adapter.call_python("upswing.raw_files:file_problem", file.path, folder) -%}
            {%- do files.append({
                "path": file.path,
                "name": file.path.split("/")[-below:] | join("/"),
                "problem": none if problem == "None" else problem,
                "state": local_md5(file.path ~ "|" ~ file.size ~ "|" ~ file.modified),
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(files) }}
{% endmacro %}
