with greetings as (
    select
        customer_id,
        case
            when action_id = 'welcome_gift' then 'welcome'
            when action_id in ('win_back', 'reactivate') then 'we miss you'
            when action_id = 'priority_service' then 'thank you for your loyalty'
        end as greeting
    from {{ ref('marketing_pushes') }}
)

select customer_id
from greetings
group by customer_id
having count(distinct greeting) > 1
