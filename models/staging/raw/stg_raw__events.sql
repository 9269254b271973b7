with checked_rows as (
    select * from {{ ref('base_raw__events') }}
),

renamed as (
    select
        -- ids
        event_id,
        customer_id,
        session_id,
        product_id,
        campaign_id,

        -- text
        lower(event_type) as event_type,
        channel,
        query,

        -- timestamps
        occurred_at
    from checked_rows
    where rejection_reason is null
)

select * from renamed
