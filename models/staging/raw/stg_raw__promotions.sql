with checked_rows as (
    select * from {{ ref('base_raw__promotions') }}
),

renamed as (
    select
        -- ids
        product_id,
        store_id,

        -- booleans
        coalesce(lower(display) not in ('0', 'false', 'f', 'no', 'n', 'none'), false) as is_displayed,
        coalesce(lower(mailer) not in ('0', 'false', 'f', 'no', 'n', 'none'), false) as is_mailed,

        -- dates
        {{ nearest_monday("week_starting") }} as week_starting
    from checked_rows
    where rejection_reason is null
)

select * from renamed
