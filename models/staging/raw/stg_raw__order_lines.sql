with checked_rows as (
    select * from {{ ref('base_raw__order_lines') }}
),

renamed as (
    select
        -- ids
        -- With the length of the first id no two pairs of ids read alike, whatever signs they hold.
        {{ dbt.hash("length(order_id) || '|' || order_id || '|' || product_id || '|' || coalesce(cast(line_number as string), '')") }}
            as order_line_id,
        order_id,
        line_number,
        customer_id,
        store_id,
        product_id,

        -- text
        lower(channel) as channel,

        -- numerics
        quantity,
        net_amount,
        coalesce(discount_amount, 0) as discount_amount,
        coalesce(coupon_amount, 0) as coupon_amount,

        -- booleans
        coalesce(is_promoted, false) as is_promoted,

        -- dates
        {{ business_date("ordered_at") }} as ordered_on,
        {{ week_of(business_date("ordered_at")) }} as week_starting,

        -- timestamps
        ordered_at
    from checked_rows
    where rejection_reason is null
)

select * from renamed
