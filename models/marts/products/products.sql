with products as (
    select * from {{ ref('int_products') }}
),

launches as (
    select * from {{ ref('int_product_launches') }}
),

product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

sales as (
    select
        product_id,
        min(case when orders > 0 then week_starting end) as first_sold_week,
        max(case when orders > 0 then week_starting end) as last_sold_week,
        sum(cast(natural_units as decimal(28, 4))) as natural_units,
        sum(cast(units as decimal(28, 4))) as units,
        sum(cast(net_revenue as decimal(28, 4))) as net_revenue
    from product_weeks
    group by product_id
),

final as (
    select
        products.product_id,
        products.product_name,
        products.brand,
        products.category,
        products.subcategory,
        products.supplier_id,
        products.package_size,
        products.unit_cost,
        products.is_listed,
        products.is_merchandise,
        products.non_merchandise_kind,
        launches.launch_status,
        launches.launched_on,
        launches.launch_week,
        launches.weeks_on_sale,
        sales.first_sold_week,
        sales.last_sold_week,
        cast(coalesce(sales.natural_units, 0) as double) as natural_units,
        cast(coalesce(sales.units, 0) as double) as units,
        cast(coalesce(sales.net_revenue, 0) as double) as net_revenue
    from products
    inner join launches
        on products.product_id = launches.product_id
    left join sales
        on products.product_id = sales.product_id
)

select * from final
