with observations as (
    select
        *,
        {{ week_of("observed_on") }} as week_starting
    from {{ ref('stg_raw__competitor_prices') }}
    where price > 0
),

-- What all rivals ask for a product in all weeks: slips of the decimal point are too few to move it.
usual_prices as (
    select
        product_id,
        median(price) as usual_price
    from observations
    group by product_id
),

plausible_observations as (
    select observations.*
    from observations
    inner join usual_prices
        on observations.product_id = usual_prices.product_id
    where
        observations.price <= {{ var("max_price_multiple") }} * usual_prices.usual_price
        and usual_prices.usual_price <= {{ var("max_price_multiple") }} * observations.price
),

final as (
    select
        product_id,
        competitor,
        week_starting,
        cast(round(median(price), 6) as double) as price,
        max(case when is_promoted then 1 else 0 end) = 1 as is_promoted
    from plausible_observations
    group by product_id, competitor, week_starting
)

select * from final
