with checked_rows as (
    select * from {{ ref('base_raw__feedback') }}
),

renamed as (
    select
        -- ids
        feedback_id,
        customer_id,
        product_id,
        campaign_id,

        -- text
        feedback_text,

        -- numerics
        rating,

        -- timestamps
        submitted_at
    from checked_rows
    where rejection_reason is null
)

select * from renamed
