with customers as (
    select * from {{ ref('int_customers') }}
    where is_listed
),

final as (
    select
        customer_id,
        age_band,
        gender,
        region,
        income_band,
        household_size
    from customers
)

select * from final
