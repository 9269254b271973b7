with product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

products as (
    select * from {{ ref('int_products') }}
    where non_merchandise_kind is null
),

whole_weeks as (
    select * from {{ ref('int_whole_weeks') }}
),

promotion_weeks as (
    select * from {{ ref('int_promotion_weeks') }}
),

competitor_weeks as (
    select * from {{ ref('int_competitor_weeks') }}
),

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

clock as (
    select cast({{ dbt.dateadd("week", "-" ~ var("active_weeks"), "as_of_date") }} as date) as active_after
    from {{ ref('base_raw__clock') }}
),

-- A sum over all products counts an order once for each of its products, in every week alike.
chain_weeks as (
    select
        product_weeks.week_starting,
        cast(sum(product_weeks.orders) as bigint) as chain_orders
    from product_weeks
    inner join whole_weeks
        on product_weeks.week_starting = whole_weeks.week_starting
    group by product_weeks.week_starting
),

sold as (
    select product_weeks.*
    from product_weeks
    inner join whole_weeks
        on product_weeks.week_starting = whole_weeks.week_starting
    where
        product_weeks.units > 0
        and product_weeks.net_revenue > 0
),

usual_prices as (
    select
        product_id,
        median(price_paid) as usual_price
    from sold
    group by product_id
),

priced as (
    select sold.*
    from sold
    inner join usual_prices
        on sold.product_id = usual_prices.product_id
    where
        sold.price_paid <= {{ var("max_price_multiple") }} * usual_prices.usual_price
        and usual_prices.usual_price <= {{ var("max_price_multiple") }} * sold.price_paid
),

with_history as (
    select product_id
    from priced
    group by product_id
    having count(*) >= {{ var("min_elasticity_weeks") }}
),

selling_stores as (
    select count(distinct store_id) as stores
    from order_lines
    where
        ordered_on > (select clock.active_after from clock)
        and {{ is_bought("quantity", "net_amount") }}
),

reached as (
    select
        promotion_weeks.product_id,
        promotion_weeks.week_starting,
        case
            when promotion_weeks.is_everywhere or selling_stores.stores = 0 then cast(1 as double)
            else round(least(promotion_weeks.promoted_stores / cast(selling_stores.stores as double), 1), 6)
        end as promotion_reach
    from promotion_weeks
    cross join selling_stores
),

-- Each rival against its own mean: one that is not seen in a week does not move the others.
rival_means as (
    select
        product_id,
        competitor,
        avg(cast(ln(price) as decimal(18, 8))) as mean_log_price
    from competitor_weeks
    group by product_id, competitor
),

rival_weeks as (
    select
        competitor_weeks.product_id,
        competitor_weeks.week_starting,
        round(avg(cast(ln(competitor_weeks.price) - rival_means.mean_log_price as decimal(18, 8))), 6) as rival_log_price
    from competitor_weeks
    inner join rival_means
        on
            competitor_weeks.product_id = rival_means.product_id
            and competitor_weeks.competitor = rival_means.competitor
    group by competitor_weeks.product_id, competitor_weeks.week_starting
),

final as (
    select
        priced.product_id,
        coalesce(products.category, '(none)') as category,
        priced.week_starting,
        priced.units,
        cast(priced.orders as bigint) as orders,
        round(priced.price_paid, 6) as price_paid,
        coalesce(reached.promotion_reach, cast(0 as double)) as promotion_reach,
        chain_weeks.chain_orders,
        cast(rival_weeks.rival_log_price as double) as rival_log_price
    from priced
    inner join with_history
        on priced.product_id = with_history.product_id
    inner join products
        on priced.product_id = products.product_id
    inner join chain_weeks
        on priced.week_starting = chain_weeks.week_starting
    left join reached
        on
            priced.product_id = reached.product_id
            and priced.week_starting = reached.week_starting
    left join rival_weeks
        on
            priced.product_id = rival_weeks.product_id
            and priced.week_starting = rival_weeks.week_starting
)

select * from final
