{% macro raw_rows_kept(contract, rows, erasure, kept_from) %}
    {%- set conditions = [] -%}
    {%- set select_list = [] -%}
    {%- if erasure -%}
        {%- set is_erased = trimmed_text("cast(" ~ erasure.column ~ " as string)") ~ " in (" ~ erasure.erased_values ~ ")" -%}
        {%- if not erasure.stays_anonymous -%}
            {%- do conditions.append("not coalesce(" ~ is_erased ~ ", false)") -%}
        {%- endif -%}
    {%- endif -%}
    {%- for name in contract.columns | map(attribute="name") | list + ["raw_problem", "raw_row_number"] -%}
        {%- set is_withheld = erasure and erasure.stays_anonymous and name == erasure.column -%}
        {%- do select_list.append("case when not coalesce(" ~ is_erased ~ ", false) then " ~ name ~ " end as " ~ name if is_withheld else name) -%}
    {%- endfor -%}
    {%- if kept_from -%}
        {#- What is no day stays, for the quarantine to say so. -#}
        {%- set column = contract.columns | selectattr("observed") | first -%}
        {%- set day = day_of(column, parsed_value(column, "cast(" ~ column.name ~ " as string)")) -%}
        {%- do conditions.append("coalesce(" ~ day ~ " >= cast('" ~ kept_from ~ "' as date), true)") -%}
    {%- endif -%}
    {%- if not erasure and not kept_from -%}
        {{ return(rows) }}
    {%- endif -%}
    {{ return(
        "select " ~ select_list | join(", ") ~ " from (" ~ rows ~ ") as delivered_rows"
        ~ (" where " ~ conditions | join(" and ") if conditions else "")
    ) }}
{% endmacro %}
