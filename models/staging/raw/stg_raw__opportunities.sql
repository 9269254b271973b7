with checked_rows as (
    select * from {{ ref('base_raw__opportunities') }}
),

valid_rows as (
    select
        *,
        coalesce({{ business_date("closed_at") }} > {{ as_of_date() }}, false) as is_closed_later
    from checked_rows
    where rejection_reason is null
),

-- On as_of_date nobody knew how an opportunity that closed later would end.
renamed as (
    select
        -- ids
        opportunity_id,
        customer_id,
        owner_id,

        -- text
        case when is_closed_later then 'open' else lower(status) end as status,

        -- numerics
        amount,

        -- timestamps
        opened_at,
        case when not is_closed_later then closed_at end as closed_at
    from valid_rows
)

select * from renamed
