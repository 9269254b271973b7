with inventory as (
    select * from {{ ref('stg_raw__inventory') }}
),

clock as (
    select as_of_date from {{ ref('base_raw__clock') }}
),

counts as (
    select
        product_id,
        store_id,
        {{ week_of("counted_on") }} as week_starting,
        greatest(on_hand, 0) as on_hand
    from inventory
    where counted_on <= (select clock.as_of_date from clock)
),

company_weeks as (
    select
        product_id,
        week_starting,
        min(on_hand) as least_on_hand
    from counts
    where store_id is null
    group by product_id, week_starting
),

store_minima as (
    select
        product_id,
        store_id,
        week_starting,
        min(on_hand) as least_on_hand
    from counts
    where store_id is not null
    group by product_id, store_id, week_starting
),

store_weeks as (
    select
        product_id,
        week_starting,
        count(*) as stores,
        sum(cast(least_on_hand as decimal(18, 4))) as least_on_hand
    from store_minima
    group by product_id, week_starting
),

-- Where a store has not counted, the others do not say what the company has.
compared as (
    select
        product_id,
        week_starting,
        stores,
        least_on_hand,
        max(stores) over (
            partition by product_id order by week_starting rows between {{ var("recent_weeks") }} preceding and current row
        ) as most_stores
    from store_weeks
),

final as (
    select
        product_id,
        week_starting,
        least_on_hand
    from company_weeks
    union all
    select
        compared.product_id,
        compared.week_starting,
        cast(compared.least_on_hand as double) as least_on_hand
    from compared
    left join company_weeks
        on compared.product_id = company_weeks.product_id
    where
        company_weeks.product_id is null
        and compared.stores = compared.most_stores
)

select * from final
