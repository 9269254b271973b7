{%- set attributes = ["age_band", "gender", "region", "income_band", "household_size"] -%}
{#- What a combination keeps: all, then each lot of four, then ever less. Each step doubles what DuckDB takes to plan the query. -#}
{%- set lots = [attributes] -%}
{%- for left_out in attributes | reverse -%}
{%- do lots.append(attributes | reject("equalto", left_out) | list) -%}
{%- endfor -%}
{%- do lots.extend([
    ["age_band", "gender", "region"], ["age_band", "gender"], ["age_band", "region"], ["age_band"], ["gender"], ["region"],
]) -%}

{%- set is_known, published, is_told, is_same = [], [], [], [] -%}
{%- for attribute in attributes -%}
{%- set places = [] -%}
{%- for lot in lots -%}
{%- do places.append(loop.index) if attribute in lot -%}
{%- endfor -%}
{%- do is_known.append("case when " ~ attribute ~ " is null then 0 else 1 end") -%}
{%- do published.append(
    "case when step in (" ~ places | join(", ") ~ ") then " ~ attribute ~ " end as published_" ~ attribute
) -%}
{%- do is_told.append("case when generalised.published_" ~ attribute ~ " is null then 0 else 1 end") -%}
{%- do is_same.append("coalesce(customers." ~ attribute ~ ", '') = coalesce(generalised." ~ attribute ~ ", '')") -%}
{%- endfor -%}

with customers as (
    select * from {{ ref('int_customers') }}
    where is_listed
),

combinations as (
    select
        {{ attributes | join(",\n        ") }},
        count(*) as customers,
        {{ is_known | join(" + ") }} as known
    from customers
    group by
        {{ attributes | join(",\n        ") }}
),

-- Each step publishes what still waits, where enough customers share what it keeps.
tried_0 as (
    select
        {{ attributes | join(",\n        ") }},
        customers,
        known,
        case when known = 0 then 0 end as step
    from combinations
),

{% for lot in lots -%}
tried_{{ loop.index }} as (
    select
        {{ attributes | join(",\n        ") }},
        customers,
        known,
        case
            when step is not null then step
            when
                sum(customers) over (
                    partition by
                        case when step is null then 1 else 0 end,
                        {{ lot | join(",\n                        ") }}
                ) >= {{ var("k_anonymity") }}
                then {{ loop.index }}
        end as step
    from tried_{{ loop.index - 1 }}
),

{% endfor -%}
generalised as (
    select
        {{ attributes | join(",\n        ") }},
        known,
        {{ published | join(",\n        ") }}
    from tried_{{ lots | length }}
),

final as (
    select
        customers.customer_id,
        {%- for attribute in attributes %}
        generalised.published_{{ attribute }} as {{ attribute }},
        {%- endfor %}
        cast(generalised.known - {{ is_told | join(" - ") }} as bigint) as demographics_withheld
    from customers
    inner join generalised
        on {{ is_same | join("\n        and ") }}
)

select * from final
