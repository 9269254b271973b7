with competitor_weeks as (
    select * from {{ ref('int_competitor_weeks') }}
),

product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

products as (
    select * from {{ ref('int_products') }}
    where non_merchandise_kind is null
),

whole_weeks as (
    select * from {{ ref('int_whole_weeks') }}
),

watched as (
    select
        competitor_weeks.product_id,
        competitor_weeks.competitor,
        min(competitor_weeks.week_starting) as first_week,
        max(competitor_weeks.week_starting) as last_week
    from competitor_weeks
    inner join products
        on competitor_weeks.product_id = products.product_id
    group by competitor_weeks.product_id, competitor_weeks.competitor
),

dense as (
    select
        watched.product_id,
        watched.competitor,
        whole_weeks.week_starting
    from watched
    inner join whole_weeks
        on whole_weeks.week_starting between watched.first_week and watched.last_week
),

sold as (
    select
        product_id,
        week_starting,
        round(price_paid, 6) as price_paid,
        2 * promoted_units >= units as is_promoted
    from product_weeks
    where price_paid > 0
),

final as (
    select
        dense.product_id,
        dense.competitor,
        dense.week_starting,
        sold.price_paid as our_price,
        sold.is_promoted as is_ours_promoted,
        competitor_weeks.price as rival_price,
        competitor_weeks.is_promoted as is_rivals_promoted
    from dense
    left join sold
        on
            dense.product_id = sold.product_id
            and dense.week_starting = sold.week_starting
    left join competitor_weeks
        on
            dense.product_id = competitor_weeks.product_id
            and dense.competitor = competitor_weeks.competitor
            and dense.week_starting = competitor_weeks.week_starting
)

select * from final
