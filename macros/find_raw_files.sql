{% macro find_raw_files(contracts) %}
    {%- set folder = (var("raw_path") or env_var("UPSWING_RAW", "data/sample")).rstrip("/") -%}
    {#- `upswing watch` knows which files are not wholly written yet. -#}
    {%- set unfinished = env_var("UPSWING_UNFINISHED_FILES", "").split("\n") -%}
    {%- set found = listed_files([folder ~ "/*", folder ~ "/*/*.[pP][aA][rR][qQ][uU][eE][tT]"], folder) | rejectattr("path", "in", unfinished) | list -%}

    {%- set deliveries = {} -%}
    {%- set taken = [] -%}
    {%- for contract in contracts -%}
        {%- set table_name = contract.name -%}
        {%- set candidates = {} -%}
        {%- for file in found -%}
            {%- if "/" in file.name and file.name.split("/")[0] | lower in (table_name, table_name ~ ".parquet") -%}
                {%- do candidates.setdefault(file.name.split("/")[0] ~ "/*.parquet", []).append(file) -%}
            {%- elif file.name | lower in (table_name ~ ".parquet", table_name ~ ".csv", table_name ~ ".csv.gz") -%}
                {%- do candidates.update({file.name: [file]}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if candidates | length > 1 -%}
            {{ exceptions.raise_compiler_error(
                "Raw table " ~ table_name ~ " is delivered more than once in " ~ folder ~ ": "
                ~ candidates.keys() | join(" and ") ~ ". Keep one of them."
            ) }}
        {%- endif -%}
        {%- for location, parts in candidates.items() -%}
            {%- for part in parts -%}
                {%- do taken.append(part.name) -%}
                {%- if part.problem -%}
                    {{ exceptions.raise_compiler_error(folder ~ "/" ~ part.name ~ " " ~ part.problem ~ ".") }}
                {%- endif -%}
            {%- endfor -%}
            {%- set files = parts | map(attribute="path") | list -%}
            {%- set part_states = parts | map(attribute="state") | list -%}
            {%- if location.lower().endswith(".parquet") -%}
                {%- do deliveries.update({table_name: parquet_delivery(location, files, part_states, 0)}) -%}
            {%- else -%}
                {%- do deliveries.update({table_name: csv_delivery(table_name, location, files | first, part_states)}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}

    {%- for file in found if "/" not in file.name and file.name not in taken -%}
        {%- if modules.re.search("[.](parquet|csv|csv[.]gz)$", file.name | lower) -%}
            {%- do log("notice: " ~ file.name ~ " in the raw folder is no table of the contract: it is passed over", info=true) -%}
        {%- endif -%}
    {%- endfor -%}

    {%- if not deliveries -%}
        {{ exceptions.raise_compiler_error(
            "No raw table was found in the folder " ~ folder ~ ".\n"
            ~ "  files expected: <table>.parquet, <table>/*.parquet, <table>.csv or <table>.csv.gz, <table> being one of "
            ~ contracts | map(attribute="name") | join(", ") ~ "\n"
            ~ "  files found:    " ~ (found[:20] | map(attribute="name") | join(", ") or "none: the folder is empty or does not exist") ~ "\n"
            ~ "`make sample` writes the public sample to data/sample; `make build RAW=folder` builds from another folder, "
            ~ "and so does the environment variable UPSWING_RAW=folder."
        ) }}
    {%- endif -%}
    {{ return(deliveries) }}
{% endmacro %}
