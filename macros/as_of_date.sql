{% macro as_of_date() %}
    {%- set given = var("as_of_date") -%}
    {%- if given is none -%}
        {{ return("(select as_of_date from " ~ ref("base_raw__clock") ~ ")") }}
    {%- endif -%}
    {%- set text = given | string -%}
    {%- set is_date = modules.re.fullmatch("(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", text) is not none -%}
    {%- if is_date -%}
        {#- The 31st of a month of 30 days would be a day of the next month. -#}
        {%- set year, month, day = text.split("-") | map("int") -%}
        {%- set counted = modules.datetime.date(year, month, 1) + modules.datetime.timedelta(days=day - 1) -%}
        {%- set is_date = counted.month == month -%}
    {%- endif -%}
    {%- if not is_date -%}
        {{ exceptions.raise_compiler_error(
            "The var as_of_date is '" ~ text ~ "', which is not a date. Give it as YYYY-MM-DD: "
            ~ "dbt build --vars '{as_of_date: 2024-06-30}', or leave it out for the latest day in the raw data."
        ) }}
    {%- endif -%}
    {{ return("cast('" ~ text ~ "' as date)") }}
{% endmacro %}
