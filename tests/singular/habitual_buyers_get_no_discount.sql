select pushes.push_id
from {{ ref('marketing_pushes') }} as pushes
inner join {{ ref('int_habitual_purchases') }} as habits
    on
        pushes.customer_id = habits.customer_id
        and pushes.product_id = habits.product_id
where pushes.discount_depth > 0
