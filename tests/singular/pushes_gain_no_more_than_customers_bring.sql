with pushes as (
    select * from {{ ref('marketing_pushes') }}
    where not is_control
),

customers as (
    select
        customer_id,
        coalesce(expected_spend, 0) * (1 - {{ var("default_cost_share") }}) as expected_margin
    from {{ ref('score_marketing_customers') }}
),

gains as (
    select
        customer_id,
        sum(expected_gain) as expected_gain
    from pushes
    group by customer_id
)

select
    gains.customer_id,
    gains.expected_gain,
    customers.expected_margin
from gains
left join customers
    on gains.customer_id = customers.customer_id
where gains.expected_gain > coalesce(customers.expected_margin, 0) + 0.0001
