with comparisons as (
    select * from {{ ref('int_price_comparisons') }}
),

moves as (
    select * from {{ ref('score_competitor_moves') }}
),

products as (
    select * from {{ ref('int_products') }}
),

whole_weeks as (
    select * from {{ ref('int_whole_weeks') }}
),

active_comparisons as (
    select
        comparisons.*,
        comparisons.our_price is not null and comparisons.rival_price is not null as is_compared
    from comparisons
    inner join whole_weeks
        on comparisons.week_starting = whole_weeks.week_starting
    where whole_weeks.weeks_back <= {{ var("active_weeks") }}
),

-- The means of logarithms over the same weeks, so that the index is the one price by the other.
compared as (
    select
        product_id,
        competitor,
        cast(sum(case when is_compared then 1 else 0 end) as bigint) as compared_weeks,
        exp(avg(case when is_compared then cast(ln(our_price) as decimal(18, 8)) end)) as our_price,
        exp(avg(case when is_compared then cast(ln(rival_price) as decimal(18, 8)) end)) as rival_price,
        avg(case when is_ours_promoted then cast(1 as double) when our_price is not null then cast(0 as double) end)
            as our_promotion_pressure,
        avg(case when is_rivals_promoted then cast(1 as double) when rival_price is not null then cast(0 as double) end)
            as rival_promotion_pressure
    from active_comparisons
    group by product_id, competitor
),

observed as (
    select
        product_id,
        competitor,
        max(case when rival_price is not null then week_starting end) as last_observed_week
    from comparisons
    group by product_id, competitor
),

latest as (
    select
        observed.product_id,
        observed.competitor,
        observed.last_observed_week,
        comparisons.rival_price as last_rival_price
    from observed
    inner join comparisons
        on
            observed.product_id = comparisons.product_id
            and observed.competitor = comparisons.competitor
            and observed.last_observed_week = comparisons.week_starting
),

indexed as (
    select
        *,
        round(our_price / rival_price, 6) as price_index
    from compared
),

final as (
    select
        latest.product_id,
        products.product_name,
        coalesce(products.category, '(none)') as category,
        latest.competitor,
        latest.last_observed_week,
        latest.last_rival_price,
        coalesce(indexed.compared_weeks, 0) as compared_weeks,
        round(indexed.our_price, 6) as our_price,
        round(indexed.rival_price, 6) as rival_price,
        indexed.price_index,
        case
            when indexed.price_index is null then 'not compared lately'
            when indexed.price_index < 1 - {{ var("price_move_share") }} then 'cheaper'
            when indexed.price_index > 1 + {{ var("price_move_share") }} then 'dearer'
            else 'level'
        end as our_position,
        round(indexed.our_promotion_pressure, 6) as our_promotion_pressure,
        round(indexed.rival_promotion_pressure, 6) as rival_promotion_pressure,
        moves.our_moves,
        moves.rival_moves,
        moves.we_led,
        moves.they_led,
        moves.together,
        moves.ours_unanswered,
        moves.theirs_unanswered,
        moves.open_moves,
        moves.answered_by_chance,
        moves.competitor_answers_q_value,
        moves.competitor_leads_p_value,
        moves.competitor_verdict
    from latest
    inner join products
        on latest.product_id = products.product_id
    inner join moves
        on
            latest.product_id = moves.product_id
            and latest.competitor = moves.competitor
    left join indexed
        on
            latest.product_id = indexed.product_id
            and latest.competitor = indexed.competitor
)

select * from final
