with promotion_weeks as (
    select * from {{ ref('int_promotion_weeks') }}
),

product_series as (
    select * from {{ ref('int_product_series') }}
    where series_level = 'product'
),

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

clock as (
    select cast({{ dbt.dateadd("week", "-" ~ var("active_weeks"), "as_of_date") }} as date) as active_after
    from {{ ref('base_raw__clock') }}
),

selling_stores as (
    select count(distinct store_id) as stores
    from order_lines
    where
        ordered_on > (select clock.active_after from clock)
        and {{ is_bought("quantity", "net_amount") }}
),

-- A week of which no promotion at all is known was not delivered, or not planned yet.
known_weeks as (
    select distinct week_starting
    from promotion_weeks
),

final as (
    select
        product_series.series_level,
        product_series.series_id,
        known_weeks.week_starting,
        case
            when promotion_weeks.product_id is null then cast(0 as double)
            when promotion_weeks.is_everywhere or selling_stores.stores = 0 then cast(1 as double)
            else round(least(promotion_weeks.promoted_stores / cast(selling_stores.stores as double), 1), 6)
        end as promotion_reach
    from product_series
    cross join known_weeks
    cross join selling_stores
    left join promotion_weeks
        on
            product_series.product_id = promotion_weeks.product_id
            and known_weeks.week_starting = promotion_weeks.week_starting
)

select * from final
