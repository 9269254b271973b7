{% macro superseded_raw_rows(contract, parsed) -%}
    select follower.earlier_row_number as raw_row_number
    from {{ parsed }} as follower
    where
        follower.earlier_row_number is not null
        and {{ known_rejection(contract, "follower") }} is null
    {%- if observed_columns(contract) %}
    union distinct
    -- A row that follows may lie after the clock, and the next one before it: only then all rows of the key are ranked.
    select raw_row_number
    from (
        select
            key_rows.raw_row_number,
            row_number() over (
                partition by {{ contract_keys(contract) | join(", ") }} order by key_rows.raw_row_number desc
            ) as recency
        from {{ parsed }} as key_rows
        where
            {{ known_rejection(contract, "key_rows") }} is null
            and {{ key_hash(contract_keys(contract)) }} in (
                select {{ key_hash(contract_keys(contract)) }}
                from {{ parsed }} as follower
                where
                    follower.earlier_row_number is not null
                    and {{ known_rejection(contract, "follower") }} is not null
            )
    ) as ranked_rows
    where recency > 1
    {%- endif %}
{%- endmacro %}
