with checked_rows as (
    select * from {{ ref('base_raw__competitor_prices') }}
),

renamed as (
    select
        -- ids
        product_id,

        -- text
        competitor,

        -- numerics
        price,

        -- booleans
        coalesce(is_promoted, false) as is_promoted,

        -- dates
        observed_on
    from checked_rows
    where rejection_reason is null
)

select * from renamed
