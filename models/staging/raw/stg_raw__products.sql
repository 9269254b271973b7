with checked_rows as (
    select * from {{ ref('base_raw__products') }}
),

renamed as (
    select
        -- ids
        product_id,
        supplier_id,

        -- text
        product_name,
        description,
        brand,
        coalesce(category, 'unknown') as category,
        subcategory,
        package_size,

        -- numerics
        unit_cost,

        -- dates
        launched_on
    from checked_rows
    where rejection_reason is null
)

select * from renamed
