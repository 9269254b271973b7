with products as (
    select * from {{ ref('int_products') }}
    where non_merchandise_kind is null
),

listed_products as (
    select * from {{ ref('stg_raw__products') }}
),

product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

purchases as (
    select * from {{ ref('int_customer_purchases') }}
),

feedback as (
    select * from {{ ref('stg_raw__feedback') }}
),

competitor_prices as (
    select * from {{ ref('stg_raw__competitor_prices') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

window_of_activity as (
    select
        as_of_date,
        cast({{ dbt.dateadd("day", -7 * var("active_weeks"), "as_of_date") }} as date) as active_after
    from clock
),

-- The first whole week of them.
active_span as (
    select
        *,
        cast({{ dbt.dateadd("day", 7, week_of("active_after")) }} as date) as active_from
    from window_of_activity
),

weekly_sales as (
    select
        product_weeks.product_id,
        product_weeks.orders,
        product_weeks.week_starting >= active_span.active_from as is_active_week,
        greatest(product_weeks.week_starting, active_span.active_from) as seen_from,
        active_span.as_of_date,
        cast(product_weeks.units as decimal(28, 4)) as units,
        cast(product_weeks.promoted_units as decimal(28, 4)) as promoted_units,
        cast(product_weeks.net_revenue as decimal(28, 4)) as net_revenue
    from product_weeks
    cross join active_span
),

summed_sales as (
    select
        product_id,
        cast(sum(units) as double) as units,
        cast(sum(promoted_units) as double) as promoted_units,
        cast(sum(net_revenue) as double) as net_revenue,
        cast(sum(case when is_active_week then units else 0 end) as double) as active_units,
        cast(sum(case when is_active_week then net_revenue else 0 end) as double) as active_revenue,
        sum(case when is_active_week then orders else 0 end) as active_orders,
        min(seen_from) as seen_from,
        min(as_of_date) as as_of_date
    from weekly_sales
    group by product_id
),

sales as (
    select
        product_id,
        greatest(active_units, 0) * 7 / greatest({{ dbt.datediff("seen_from", "as_of_date", "day") }} + 1, 7) as weekly_units,
        cast(active_orders as bigint) as active_orders,
        case when units > 0 then least(greatest(promoted_units / units, 0), 1) end as promoted_share,
        case when active_units > 0 and active_revenue > 0 then active_revenue / active_units end as recent_price_paid,
        case
            when active_units > 0 and active_revenue > 0 then round(active_revenue / active_units, 6)
            when units > 0 and net_revenue > 0 then round(net_revenue / units, 6)
        end as price_paid
    from summed_sales
),

customer_days as (
    select
        product_id,
        customer_id,
        count(distinct ordered_on) as purchase_days
    from purchases
    group by product_id, customer_id
),

customers as (
    select
        product_id,
        cast(count(*) as bigint) as customers,
        cast(sum(case when purchase_days >= 2 then 1 else 0 end) as double) / cast(count(*) as double) as repeat_share
    from customer_days
    group by product_id
),

overall_rating as (
    select cast(sum(cast(rating as decimal(18, 4))) as double) / nullif(count(rating), 0) as mean_rating
    from feedback
    where product_id is not null
),

ratings as (
    select
        feedback.product_id,
        cast(count(feedback.rating) as bigint) as ratings,
        (
            cast(sum(cast(feedback.rating as decimal(18, 4))) as double)
            + {{ var("rating_shrinkage") }} * min(overall_rating.mean_rating)
        ) / (count(feedback.rating) + {{ var("rating_shrinkage") }}) as rating
    from feedback
    cross join overall_rating
    where feedback.product_id is not null and feedback.rating is not null
    group by feedback.product_id
),

ordered_competitor_prices as (
    select
        competitor_prices.product_id,
        competitor_prices.price,
        row_number() over (
            partition by competitor_prices.product_id, competitor_prices.competitor
            order by competitor_prices.observed_on desc
        ) as newness
    from competitor_prices
    where
        competitor_prices.price > 0
        and competitor_prices.observed_on > (select window_of_activity.active_after from window_of_activity)
),

competitor_gaps as (
    select
        sales.product_id,
        cast(count(*) as bigint) as competitors,
        percentile_cont(0.5) within group (
            order by sales.recent_price_paid / ordered_competitor_prices.price - 1
        ) as competitor_gap
    from sales
    inner join ordered_competitor_prices
        on sales.product_id = ordered_competitor_prices.product_id
    where
        ordered_competitor_prices.newness = 1
        and sales.recent_price_paid is not null
    group by sales.product_id
),

price_places as (
    select
        products.product_id,
        rank() over (partition by products.category order by sales.price_paid) as first_place,
        cume_dist() over (partition by products.category order by sales.price_paid) as share_up_to,
        count(*) over (partition by products.category) as priced_products
    from products
    inner join sales
        on products.product_id = sales.product_id
    where
        products.category <> 'unknown'
        and sales.price_paid is not null
),

-- The size stands in the name or beside it: a number and one word is all that is read.
sizes as (
    select
        product_id,
        nullif(regexp_extract(package_size, '^ *([0-9]+([.][0-9]+)?) *([A-Za-z]+) *$', 1), '') as quantity_text,
        nullif(upper(regexp_extract(package_size, '^ *([0-9]+([.][0-9]+)?) *([A-Za-z]+) *$', 3)), '') as package_unit
    from products
),

texts as (
    select
        products.product_id,
        trim(
            coalesce(products.product_name, '')
            || coalesce(' ' || listed_products.description, '')
            || case
                when products.subcategory is null then ''
                when instr(lower(coalesce(products.product_name, '')), lower(products.subcategory)) > 0 then ''
                else ' ' || products.subcategory
            end
        ) as product_text
    from products
    left join listed_products
        on products.product_id = listed_products.product_id
),

final as (
    select
        products.product_id,
        products.product_name,
        products.category,
        products.subcategory,
        products.brand,
        products.supplier_id,
        products.package_size,
        cast(sizes.quantity_text as double) as package_quantity,
        sizes.package_unit,
        nullif(texts.product_text, '') as product_text,
        sales.price_paid,
        round(
            (price_places.first_place - 1 + price_places.share_up_to * price_places.priced_products)
            / (2 * price_places.priced_products), 6
        ) as price_position,
        round(coalesce(sales.weekly_units, 0), 6) as weekly_units,
        coalesce(sales.active_orders, 0) as active_orders,
        coalesce(customers.customers, 0) as customers,
        round(sales.promoted_share, 6) as promoted_share,
        round(customers.repeat_share, 6) as repeat_share,
        round(ratings.rating, 6) as rating,
        coalesce(ratings.ratings, 0) as ratings,
        -- Else nothing above or below is 0 or -0, by the order of the rows.
        round(competitor_gaps.competitor_gap, 6) + 0 as competitor_gap,
        coalesce(competitor_gaps.competitors, 0) as competitors
    from products
    inner join texts
        on products.product_id = texts.product_id
    inner join sizes
        on products.product_id = sizes.product_id
    left join sales
        on products.product_id = sales.product_id
    left join customers
        on products.product_id = customers.product_id
    left join ratings
        on products.product_id = ratings.product_id
    left join competitor_gaps
        on products.product_id = competitor_gaps.product_id
    left join price_places
        on products.product_id = price_places.product_id
)

select * from final
