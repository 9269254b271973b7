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
        {{ parsed_value({"data_type": "timestamp"}, "opted_out_at") }} as opted_out_at
    from checked_rows
    where rejection_reason is null
)

select * from renamed
