with actions as (
    select * from {{ ref('marketing_actions') }}
    where is_enabled
),

stated_conditions as (
    select * from {{ ref('marketing_conditions') }}
),

customers as (
    select * from {{ ref('score_marketing_customers') }}
),

conditions as (
    {{ marketing_conditions_asked("customer", "stated_conditions", "actions") | indent(4) }}
),

{{ marketing_matches("customer", "customers", "customer_id", "conditions") }},

final as (
    select
        matched.action_id,
        matched.customer_id,
        customers.segment_name
    from matched
    inner join customers
        on matched.customer_id = customers.customer_id
)

select * from final
