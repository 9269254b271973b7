{% macro bad_csv_lines(table_name, location, file, reading, names, part_states) %}
    {#- Read once for each state of the file: the lines that are no rows of it. -#}
    {%- do run_query("create schema if not exists raw") -%}
    {%- do run_query("create table if not exists raw.sound_files (table_name varchar, state varchar)") -%}
    {%- set state = local_md5(part_states | join(" ") ~ reading) -%}
    {%- set of_table = "table_name = '" ~ table_name ~ "'" -%}
    {%- if run_query("select 1 from raw.sound_files where " ~ of_table ~ " and state = '" ~ state ~ "'").rows -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set problem = run_query("select csv_problem('" ~ file | replace("'", "''") ~ "')").rows[0][0] -%}
    {%- if problem -%}
        {{ exceptions.raise_compiler_error(location ~ " " ~ problem ~ ". Deliver it again, or take it out of the folder.") }}
    {%- endif -%}
    {#- What is not read is not refused: each column must be. -#}
    {%- set every_column = "concat_ws('', " ~ names | join(", ") ~ ") is not null" -%}
    {%- set refused = "refused_lines_" ~ table_name -%}
    {%- do run_query("drop table if exists temp." ~ refused) -%}
    {%- do run_query("drop table if exists temp." ~ refused ~ "_scan") -%}
    {%- do run_query(
        "select count(*) from read_csv(" ~ reading ~ ", store_rejects = true, rejects_table = '" ~ refused ~ "', rejects_scan = '"
        ~ refused ~ "_scan') where " ~ every_column
    ) -%}
    {%- set unclosed = run_query("select min(line) from temp." ~ refused ~ " where error_type = 'UNQUOTED VALUE'").rows[0][0] -%}
    {%- if unclosed is not none -%}
        {{ exceptions.raise_compiler_error(
            "Line " ~ unclosed ~ " of " ~ location ~ " opens a quote that is not closed as CSV asks, so that the lines after it cannot be told "
            ~ "from it.\nClose the quote (a quote inside a quoted value is written twice) and deliver the file again."
        ) }}
    {%- endif -%}
    {%- set bad = run_query("select count(distinct line) from temp." ~ refused).rows[0][0] -%}
    {%- if not bad -%}
        {%- do run_query("delete from raw.sound_files where " ~ of_table) -%}
        {%- do run_query("insert into raw.sound_files values ('" ~ table_name ~ "', '" ~ state ~ "')") -%}
        {{ return(none) }}
    {%- endif -%}
    {%- do log(
        "notice: " ~ location ~ " has " ~ bad ~ (" line that is" if bad == 1 else " lines that are") ~ " no row of it; see quarantine."
        ~ table_name, info=true
    ) -%}
    {%- set problem -%}
        concat(
            'line ', line, ': the line ',
            case min(cast(error_type as varchar))
                when 'TOO MANY COLUMNS' then 'has more or fewer fields than the header'
                when 'MISSING COLUMNS' then 'has more or fewer fields than the header'
                when 'INVALID ENCODING' then 'is not UTF-8 text'
                when 'LINE SIZE OVER MAXIMUM' then 'is longer than 2 MB'
                else 'is not CSV'
            end
        )
    {%- endset -%}
    {%- set sound = "from read_csv(" ~ reading ~ ", ignore_errors = true) where " ~ every_column -%}
    {{ return({
        "sound_relation": "(select * " ~ sound ~ ")",
        "relation": "(select *, cast(null as varchar) as raw_problem " ~ sound ~ " union all by name select raw_problem from (select line, " ~ problem ~ " as raw_problem from temp." ~ refused
            ~ " group by line order by line))",
    }) }}
{% endmacro %}
