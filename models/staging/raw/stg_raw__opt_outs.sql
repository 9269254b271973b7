with checked_rows as (
    select * from {{ ref('base_raw__opt_outs') }}
),

renamed as (
    select
        -- ids
        customer_id,

        -- text
        channel,

        -- timestamps
        try_cast(opted_out_at as timestamp) as opted_out_at
    from checked_rows
    where rejection_reason is null
)

select * from renamed
