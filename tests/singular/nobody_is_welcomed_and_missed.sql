select customer_id
from {{ ref('marketing_pushes') }}
where action_id in ('welcome_gift', 'win_back', 'reactivate')
group by customer_id
having
    max(case when action_id = 'welcome_gift' then 1 else 0 end) = 1
    and max(case when action_id <> 'welcome_gift' then 1 else 0 end) = 1
