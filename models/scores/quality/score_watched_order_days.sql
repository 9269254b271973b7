{#- A claim on a churn is settled churn_weeks after it was made, or, where no build ran that day, some weeks later. -#}
with orders as (
    select * from {{ ref('int_orders') }}
),

clock as (
    select as_of_date from {{ ref('base_raw__clock') }}
),

final as (
    select distinct
        customer_id,
        ordered_on
    from orders
    where
        customer_id is not null
        and is_purchase
        and ordered_on > cast(
            {{ dbt.dateadd("week", -2 * (var("churn_weeks") | int) - 13, "(select clock.as_of_date from clock)") }} as date
        )
)

select * from final
