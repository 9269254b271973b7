with products as (
    select * from {{ ref('int_products') }}
    where non_merchandise_kind is null
),

prices as (
    select
        product_id,
        active_units as units_active,
        price_paid as price
    from {{ ref('int_product_prices') }}
),

breakouts as (
    select * from {{ ref('score_breakout_products') }}
),

windows as (
    select * from {{ ref('score_promotion_windows') }}
    where window_number = 1
),

stock as (
    select * from {{ ref('score_stock_status') }}
),

comparisons as (
    select * from {{ ref('int_price_comparisons') }}
),

clock as (
    select
        as_of_date,
        cast({{ dbt.dateadd("week", "-" ~ var("active_weeks"), "as_of_date") }} as date) as active_after,
        cast({{ dbt.dateadd("week", "-" ~ var("rival_news_weeks"), "as_of_date") }} as date) as news_after
    from {{ ref('base_raw__clock') }}
),

-- The count of the whole company says more than that of one store, the fuller store more than the emptier.
ranked_stock as (
    select
        *,
        row_number() over (
            partition by product_id
            order by case when store_id is null then 0 else 1 end asc, on_hand desc, store_id asc
        ) as stock_rank
    from stock
),

news as (
    select
        *,
        week_starting > (select clock.news_after from clock) as is_news
    from comparisons
    where week_starting > (select clock.active_after from clock)
),

-- Of each rival the newest price within the news, and the newest before it.
ranked_rival_prices as (
    select
        product_id,
        competitor,
        is_news,
        rival_price,
        row_number() over (partition by product_id, competitor, is_news order by week_starting desc) as price_rank
    from news
    where rival_price > 0
),

rivals as (
    select
        product_id,
        competitor,
        max(case when is_news then rival_price end) as rival_price,
        max(case when not is_news then rival_price end) as earlier_rival_price
    from ranked_rival_prices
    where price_rank = 1
    group by product_id, competitor
),

cheapest_rivals as (
    select
        *,
        row_number() over (partition by product_id order by rival_price asc, competitor asc) as rival_rank
    from rivals
    where rival_price is not null
),

ranked_own_prices as (
    select
        product_id,
        our_price,
        row_number() over (partition by product_id order by week_starting desc, competitor asc) as price_rank
    from news
    where is_news and our_price > 0
),

final as (
    select
        products.product_id,
        products.product_name,

        -- numbers
        round(prices.price, 6) as price,
        coalesce(prices.units_active, 0) as units_active,
        breakouts.breakout_probability,
        ranked_stock.on_hand,
        ranked_stock.days_of_cover,
        round(ranked_stock.on_hand * coalesce(products.unit_cost, prices.price), 6) as stock_value,
        round(ranked_own_prices.our_price / cheapest_rivals.rival_price - 1, 6) as rival_price_gap,
        round(cheapest_rivals.rival_price / cheapest_rivals.earlier_rival_price - 1, 6) as rival_price_change,

        -- words
        coalesce(products.category, '(none)') as category,
        products.brand,
        case when coalesce(breakouts.is_breakout, false) then 'true' else 'false' end as is_breakout,
        case when windows.product_id is not null then 'true' else 'false' end as has_promotion_window,
        ranked_stock.status as stock_status,
        case when ranked_stock.status in ('excess', 'slow_mover', 'dead_stock') then 'true' else 'false' end as is_overstocked,

        products.unit_cost,
        windows.starts_on as window_starts_on,
        windows.ends_on as window_ends_on,
        cheapest_rivals.competitor as cheapest_rival,
        ranked_own_prices.our_price,
        cheapest_rivals.rival_price
    from products
    left join prices
        on products.product_id = prices.product_id
    left join breakouts
        on products.product_id = breakouts.product_id
    left join windows
        on products.product_id = windows.product_id
    left join ranked_stock
        on
            products.product_id = ranked_stock.product_id
            and ranked_stock.stock_rank = 1
    left join cheapest_rivals
        on
            products.product_id = cheapest_rivals.product_id
            and cheapest_rivals.rival_rank = 1
    left join ranked_own_prices
        on
            products.product_id = ranked_own_prices.product_id
            and ranked_own_prices.price_rank = 1
)

select * from final
