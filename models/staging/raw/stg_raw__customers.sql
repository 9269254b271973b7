with checked_rows as (
    select * from {{ ref('base_raw__customers') }}
),

renamed as (
    select
        -- ids
        customer_id,

        -- text
        age_band,
        gender,
        region,
        income_band,
        household_size,
        full_name,
        email,
        phone,

        -- numerics
        birth_year,

        -- timestamps
        registered_at
    from checked_rows
    where rejection_reason is null
)

select * from renamed
