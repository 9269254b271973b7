{% macro superseded_raw_rows(contract, parsed) -%}
    select raw_row_number
    from (
        select
            repeated_rows.raw_row_number,
            row_number() over (
                partition by {{ contract_keys(contract) | join(", ") }} order by repeated_rows.raw_row_number desc
            ) as recency
        from (
            select * from {{ parsed }}
            where
                earlier_row_number is not null
                or raw_row_number in (select earlier_row_number from {{ parsed }} where earlier_row_number is not null)
        ) as repeated_rows
        cross join clock
        where {{ known_rejection(contract, "repeated_rows") }} is null
    ) as ranked_rows
    where recency > 1
{%- endmacro %}
