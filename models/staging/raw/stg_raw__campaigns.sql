with checked_rows as (
    select * from {{ ref('base_raw__campaigns') }}
),

renamed as (
    select
        -- ids
        campaign_id,

        -- text
        campaign_name,
        campaign_type,
        channel,

        -- numerics
        budget,

        -- dates
        starts_on,
        ends_on
    from checked_rows
    where rejection_reason is null
)

select * from renamed
