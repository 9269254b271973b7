{#- Named one by one, so that dbt sees them while it parses; the column that counts is in the contract (observed). -#}
{%- set relations = {
    "order_lines": ref("parsed_raw__order_lines"),
    "events": ref("parsed_raw__events"),
    "campaign_touches": ref("parsed_raw__campaign_touches"),
    "feedback": ref("parsed_raw__feedback"),
    "competitor_prices": ref("parsed_raw__competitor_prices"),
    "inventory": ref("parsed_raw__inventory"),
    "opportunities": ref("parsed_raw__opportunities"),
    "visits": ref("parsed_raw__visits"),
} -%}

with observed_days as (
    {{ latest_observed_days(relations, are_parsed=true) if execute }}
),

clock as (
    select {{ "max(" ~ as_of_date() ~ ")" if var("as_of_date") is not none else "coalesce(max(latest_observed_on), " ~ run_date() ~ ")" }} as as_of_date
    from observed_days
),

order_days as (
    select min({{ business_date("ordered_at") }}) as first_ordered_on
    from {{ relations["order_lines"] }}
    where contract_rejection is null
),

final as (
    select
        clock.as_of_date,
        case when order_days.first_ordered_on <= clock.as_of_date then order_days.first_ordered_on end as data_begins_on
    from clock
    cross join order_days
)

select * from final
