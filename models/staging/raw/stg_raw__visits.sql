with checked_rows as (
    select * from {{ ref('base_raw__visits') }}
),

renamed as (
    select
        -- ids
        visit_id,
        opportunity_id,
        sales_rep_id,

        -- text
        visit_note,
        customer_feedback,

        -- numerics
        duration_minutes,
        latitude,
        longitude,

        -- timestamps
        visited_at
    from checked_rows
    where rejection_reason is null
)

select * from renamed
