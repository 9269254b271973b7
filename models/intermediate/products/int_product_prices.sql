with product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

clock as (
    select cast({{ dbt.dateadd("week", "-" ~ var("active_weeks"), "as_of_date") }} as date) as active_after
    from {{ ref('base_raw__clock') }}
),

sold as (
    select
        product_id,
        sum(cast(net_revenue as decimal(28, 4))) as revenue,
        sum(cast(units as decimal(28, 4))) as units,
        sum(case when week_starting > (select clock.active_after from clock) then cast(net_revenue as decimal(28, 4)) else 0 end)
            as active_revenue,
        sum(case when week_starting > (select clock.active_after from clock) then cast(units as decimal(28, 4)) else 0 end)
            as active_units
    from product_weeks
    group by product_id
),

-- Of what did not sell in the last active weeks, the price of all weeks.
final as (
    select
        product_id,
        cast(active_units as double) as active_units,
        case
            when active_units > 0 and active_revenue > 0 then cast(active_revenue as double) / cast(active_units as double)
            when units > 0 and revenue > 0 then cast(revenue as double) / cast(units as double)
        end as price_paid
    from sold
)

select * from final
