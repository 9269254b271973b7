with checked_rows as (
    select * from {{ ref('base_raw__inventory') }}
),

renamed as (
    select
        -- ids
        product_id,
        store_id,

        -- numerics
        on_hand,
        lead_time_days,

        -- dates
        counted_on
    from checked_rows
    where rejection_reason is null
)

select * from renamed
