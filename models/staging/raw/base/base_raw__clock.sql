{#- Named one by one, so that dbt sees them while it parses; the column that counts is in the contract (observed). -#}
{%- set relations = {
    "order_lines": source("raw", "order_lines"),
    "events": source("raw", "events"),
    "campaign_touches": source("raw", "campaign_touches"),
    "feedback": source("raw", "feedback"),
    "competitor_prices": source("raw", "competitor_prices"),
    "inventory": source("raw", "inventory"),
    "opportunities": source("raw", "opportunities"),
    "visits": source("raw", "visits"),
} -%}

with observed_days as (
    {{ latest_observed_days(relations) if execute }}
),

clock as (
    select {{ as_of_date() if var("as_of_date") is not none else "coalesce(max(latest_observed_on), " ~ run_date() ~ ")" }} as as_of_date
    from observed_days
),

order_days as (
    select {{ business_date("try_cast(ordered_at as timestamp)") }} as ordered_on
    from {{ relations["order_lines"] }}
),

final as (
    select
        clock.as_of_date,
        min(order_days.ordered_on) as data_begins_on
    from clock
    left join order_days
        on
            clock.as_of_date >= order_days.ordered_on
            and order_days.ordered_on >= cast('1900-01-01' as date)
    group by clock.as_of_date
)

select * from final
