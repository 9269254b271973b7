with store_category_weeks as (
    select * from {{ ref('int_store_category_weeks') }}
),

whole_weeks as (
    select * from {{ ref('int_whole_weeks') }}
),

sold as (
    select
        store_category_weeks.store_id,
        store_category_weeks.category,
        count(
            case
                when store_category_weeks.units > 0 and whole_weeks.weeks_back <= {{ var("season_weeks") }} then 1
            end
        ) as weeks_sold,
        count(
            case
                when store_category_weeks.units > 0 and whole_weeks.weeks_back <= {{ var("active_weeks") }} then 1
            end
        ) as weeks_sold_lately,
        sum(
            case
                when whole_weeks.weeks_back <= {{ var("season_weeks") }}
                    then cast(store_category_weeks.net_revenue as decimal(28, 4))
                else 0
            end
        ) as net_revenue
    from store_category_weeks
    inner join whole_weeks
        on store_category_weeks.week_starting = whole_weeks.week_starting
    group by store_category_weeks.store_id, store_category_weeks.category
),

with_history as (
    select
        store_id,
        category,
        row_number() over (order by net_revenue desc, store_id asc, category asc) as revenue_rank
    from sold
    where
        store_id is not null
        and weeks_sold >= {{ var("min_forecast_weeks_sold") }}
        and weeks_sold_lately > 0
        and net_revenue > 0
),

chosen as (
    select
        store_id,
        category
    from with_history
    where revenue_rank <= {{ var("max_forecast_store_categories") }}
),

told_apart as (
    select
        sold.store_id,
        sold.category,
        chosen.store_id is not null as has_own_series
    from sold
    left join chosen
        on
            sold.store_id = chosen.store_id
            and sold.category = chosen.category
),

final as (
    select
        store_id,
        category,
        case when has_own_series then 'store_category' else 'other_stores' end as series_level,
        case when has_own_series then concat(store_id, ' · ', category) else concat('other stores of ', category) end
            as series_id
    from told_apart
)

select * from final
