{% macro latest_observed_days(relations) %}
    {%- for table_name, relation in relations.items() -%}
        {%- set column = raw_contract(table_name).columns | selectattr("observed") | first -%}
        {%- set value = parsed_value(column, column.name) -%}
        {%- set day = business_date(value) if column.data_type == "timestamp" else value %}
    select
        '{{ table_name }}' as table_name,
        max({{ day }}) as latest_observed_on
    from {{ relation }}
    where {{ day }} <= {{ run_date() }}
        {{ "union all" if not loop.last }}
    {%- endfor %}
{% endmacro %}
