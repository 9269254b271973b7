{% macro latest_observed_days(relations, are_parsed=false) %}
    {%- for table_name, relation in relations.items() -%}
        {%- set column = raw_contract(table_name).columns | selectattr("observed") | first -%}
        {%- set value = column.name if are_parsed else parsed_value(column, column.name) -%}
        {%- set day = business_date(value) if column.data_type == "timestamp" else value %}
    select
        '{{ table_name }}' as table_name,
        max({{ day }}) as latest_observed_on
    from {{ relation }}
    where
        {{ day }} <= {{ run_date() }}
        {%- if are_parsed %}
        and contract_rejection is null
        {%- endif %}
        {{ "union all" if not loop.last }}
    {%- endfor %}
{% endmacro %}
