with products as (
    select * from {{ ref('stg_raw__products') }}
),

sold_products as (
    select distinct product_id from {{ ref('int_product_weeks') }}
),

unlisted_products as (
    select sold_products.product_id
    from sold_products
    left join products
        on sold_products.product_id = products.product_id
    where products.product_id is null
),

listed as (
    select
        product_id,
        product_name,
        brand,
        category,
        subcategory,
        supplier_id,
        package_size,
        unit_cost,
        launched_on,
        true as is_listed
    from products
),

-- A product that was sold but is in no list is a member of its own, so that no sale is lost in a join.
unlisted as (
    select
        product_id,
        cast(null as string) as product_name,
        cast(null as string) as brand,
        'unknown' as category,
        cast(null as string) as subcategory,
        cast(null as string) as supplier_id,
        cast(null as string) as package_size,
        cast(null as double) as unit_cost,
        cast(null as date) as launched_on,
        false as is_listed
    from unlisted_products
),

final as (
    select * from listed
    union all
    select * from unlisted
)

select * from final
