{% macro find_raw_files(contracts) %}
    {%- set folder = (var("raw_path") or env_var("UPSWING_RAW", "data/sample")).rstrip("/") -%}
    {%- set found_names = [] -%}
    {%- for file in listed_files([folder ~ "/*", folder ~ "/*/*.parquet"]) -%}
        {%- do found_names.append(file.name) -%}
    {%- endfor -%}

    {%- set deliveries = {} -%}
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
            {%- set files = [] -%}
            {%- set part_states = [] -%}
            {%- for file in listed_files([folder ~ "/" ~ location]) -%}
                {%- do files.append(file.path) -%}
                {%- do part_states.append(file.state) -%}
            {%- endfor -%}
            {%- if format == "csv" -%}
                {%- do deliveries.update({table_name: csv_delivery(table_name, location, files | first, part_states)}) -%}
            {%- else -%}
                {%- do deliveries.update({table_name: parquet_delivery(location, files, part_states, 0)}) -%}
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
