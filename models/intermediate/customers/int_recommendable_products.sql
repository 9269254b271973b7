with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

purchases as (
    select * from {{ ref('int_customer_purchases') }}
),

products as (
    select * from {{ ref('int_products') }}
    where non_merchandise_kind is null
),

inventory as (
    select * from {{ ref('stg_raw__inventory') }}
),

clock as (
    select
        as_of_date,
        cast({{ dbt.dateadd("week", "-" ~ var("recent_weeks"), "as_of_date") }} as date) as recent_after,
        cast({{ dbt.dateadd("week", "-" ~ var("active_weeks"), "as_of_date") }} as date) as active_after
    from {{ ref('base_raw__clock') }}
),

-- Joined with the clock, DuckDB would loop over all lines to compare them.
active_lines as (
    select * from order_lines
    where
        ordered_on > (select clock.active_after from clock)
        and ordered_on <= (select clock.as_of_date from clock)
),

sold as (
    select
        product_id,
        sum(cast(quantity as decimal(18, 4))) as units,
        sum(cast(net_amount as decimal(18, 4))) as revenue
    from active_lines
    group by product_id
),

customers as (
    select
        product_id,
        count(distinct customer_id) as customers_active,
        count(distinct case when ordered_on > (select clock.recent_after from clock) then customer_id end) as customers_recent
    from purchases
    where
        ordered_on > (select clock.active_after from clock)
        and ordered_on <= (select clock.as_of_date from clock)
    group by product_id
),

counted as (
    select
        inventory.product_id,
        inventory.store_id,
        inventory.on_hand,
        row_number() over (
            partition by inventory.product_id, inventory.store_id order by inventory.counted_on desc
        ) as count_number
    from inventory
    where inventory.counted_on <= (select clock.as_of_date from clock)
),

newest as (
    select
        product_id,
        sum(case when store_id is null then cast(on_hand as decimal(18, 4)) end) as of_the_company,
        sum(cast(on_hand as decimal(18, 4))) as of_all_counts
    from counted
    where count_number = 1
    group by product_id
),

-- A count without a store holds what the stores have. A product that nobody counted may well be there.
stock as (
    select
        product_id,
        cast(coalesce(of_the_company, of_all_counts) as double) as on_hand
    from newest
),

final as (
    select
        sold.product_id,
        products.category,
        cast(sold.units as double) as units_active,
        cast(sold.revenue as double) / cast(sold.units as double) as price,
        cast(coalesce(customers.customers_active, 0) as bigint) as customers_active,
        cast(coalesce(customers.customers_recent, 0) as bigint) as customers_recent,
        stock.on_hand
    from sold
    inner join products
        on sold.product_id = products.product_id
    left join customers
        on sold.product_id = customers.product_id
    left join stock
        on sold.product_id = stock.product_id
    where
        sold.units > 0
        and sold.revenue > 0
        and cast(sold.revenue as double) / cast(sold.units as double) >= {{ var("min_offer_price") }}
        and (stock.on_hand is null or stock.on_hand > 0)
)

select * from final
