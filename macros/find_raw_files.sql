{% macro find_raw_files(contracts) %}
    {{ return(adapter.dispatch("find_raw_files", "upswing")(contracts)) }}
{% endmacro %}

{% macro duckdb__find_raw_files(contracts) %}
    {%- set folder = (var("raw_path") or env_var("UPSWING_RAW", "data/sample")).rstrip("/") -%}
    {%- set quoted_folder = folder | replace("'", "''") -%}
    {%- set listing = run_query(
        "select file from glob('" ~ quoted_folder ~ "/*') union all select file from glob('" ~ quoted_folder ~ "/*/*.parquet')"
    ) -%}
    {%- set files = listing.columns[0].values() | sort -%}

    {%- set deliveries = {} -%}
    {%- set found_names = [] -%}
    {%- for file in files -%}
        {%- set name = file[folder | length + 1:] -%}
        {%- do found_names.append(name) -%}
    {%- endfor -%}
    {%- for contract in contracts -%}
        {%- set table_name = contract.name -%}
        {%- set candidates = {} -%}
        {%- for name in found_names -%}
            {%- if "/" in name and name.split("/")[0] in (table_name, table_name ~ ".parquet") -%}
                {%- do candidates.update({name.split("/")[0] ~ "/*.parquet": "parquet"}) -%}
            {%- elif name == table_name ~ ".parquet" -%}
                {%- do candidates.update({name: "parquet"}) -%}
            {%- elif name in (table_name ~ ".csv", table_name ~ ".csv.gz") -%}
                {%- do candidates.update({name: "csv"}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if candidates | length > 1 -%}
            {{ exceptions.raise_compiler_error(
                "Raw table " ~ table_name ~ " is delivered more than once in " ~ folder ~ ": "
                ~ candidates.keys() | join(" and ") ~ ". Keep one of them."
            ) }}
        {%- endif -%}
        {%- for location, format in candidates.items() -%}
            {%- set path = "'" ~ quoted_folder ~ "/" ~ location ~ "'" -%}
            {#- Neither size nor time of a file is read from its content. -#}
            {%- set found = run_query(
                "select filename, md5(concat_ws('|', filename, size, last_modified)) from read_blob(" ~ path ~ ") order by filename"
            ) -%}
            {%- set parts = found.columns[0].values() | list -%}
            {%- set part_states = found.columns[1].values() | list -%}
            {%- if format == "csv" -%}
                {%- set relation = "read_csv(" ~ path ~ ", all_varchar = true, header = true)" -%}
                {%- do deliveries.update({table_name: {
                    "location": location,
                    "files": parts,
                    "part_states": part_states,
                    "relation": relation,
                    "row_number": "row_number() over ()",
                    "columns": described_columns(relation),
                    "is_text": true,
                    "is_stable": true,
                }}) -%}
            {%- else -%}
                {%- do deliveries.update({table_name: parquet_delivery(location, parts, part_states, 0)}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}

    {%- if not deliveries -%}
        {{ exceptions.raise_compiler_error(
            "No raw table was found in the folder " ~ folder ~ ".\n"
            ~ "  files expected: <table>.parquet, <table>/*.parquet, <table>.csv or <table>.csv.gz, <table> being one of "
            ~ contracts | map(attribute="name") | join(", ") ~ "\n"
            ~ "  files found:    " ~ (found_names[:20] | join(", ") or "none: the folder is empty or does not exist") ~ "\n"
            ~ "`make sample` writes the public sample to data/sample; `make build RAW=folder` builds from another folder, "
            ~ "and so does the environment variable UPSWING_RAW=folder."
        ) }}
    {%- endif -%}
    {{ return(deliveries) }}
{% endmacro %}
