with checked_rows as (
    select * from {{ ref('base_raw__campaign_touches') }}
),

valid_rows as (
    select
        *,
        coalesce({{ business_date("clicked_at") }} > {{ as_of_date() }}, false) as is_clicked_later,
        coalesce({{ business_date("converted_at") }} > {{ as_of_date() }}, false) as is_converted_later
    from checked_rows
    where rejection_reason is null
),

-- The touch was known on as_of_date, what came of it later was not.
renamed as (
    select
        -- ids
        campaign_id,
        customer_id,

        -- text
        variant,

        -- numerics
        case when not is_converted_later then revenue end as revenue,

        -- timestamps
        touched_at,
        case when not is_clicked_later then clicked_at end as clicked_at,
        case when not is_converted_later then converted_at end as converted_at
    from valid_rows
)

select * from renamed
