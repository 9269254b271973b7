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
    {% if execute %}{{ latest_observed_days(relations) }}{% endif %}
),

clock as (
    select
        {% if var("as_of_date") is none -%}
        coalesce(max(latest_observed_on), {{ run_date() }}) as as_of_date
        {%- else -%}
        {{ as_of_date() }} as as_of_date
        {%- endif %}
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
            order_days.ordered_on <= clock.as_of_date
            and order_days.ordered_on >= cast('1900-01-01' as date)
    group by clock.as_of_date
)

select * from final
