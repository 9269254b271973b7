{% macro latest_observed_days(relations, are_parsed=false) %}
    {%- set days = [] -%}
    {%- for table_name, relation in relations.items() -%}
        {%- set contract = raw_contract(table_name) -%}
        {%- for column in contract.columns if column.observed or column.moves_clock -%}
            {%- set value = column.name if are_parsed else parsed_value(column, column.name) -%}
            {%- set conditions = ["contract_rejection is null"] if are_parsed else [] -%}
            {%- if column.moves_clock is mapping -%}
                {%- for name, values in column.moves_clock.items() -%}
                    {%- set told_by = contract.columns | selectattr("name", "equalto", name) | first -%}
                    {%- set status = name if are_parsed else parsed_value(told_by, name) -%}
                    {%- do conditions.append("lower(" ~ status ~ ") in ('" ~ values | join("', '") ~ "')") -%}
                {%- endfor -%}
            {%- endif -%}
            {%- do days.append({
                "table_name": table_name,
                "relation": relation,
                "day": business_date(value) if column.data_type == "timestamp" else value,
                "conditions": conditions,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for observed in days %}
    select
        '{{ observed.table_name }}' as table_name,
        max({{ observed.day }}) as latest_observed_on
    from {{ observed.relation }}
    where
        {{ observed.day }} <= {{ run_date() }}
        {%- for condition in observed.conditions %}
        and {{ condition }}
        {%- endfor %}
        {{ "union all" if not loop.last }}
    {%- endfor %}
{% endmacro %}
