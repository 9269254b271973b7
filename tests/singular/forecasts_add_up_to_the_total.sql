-- Categories add up to the total, to the digits that are kept.
with forecasts as (
    select * from {{ ref('sales_forecasts') }}
),

summed as (
    select
        week_starting,
        sum(case when series_level = 'total' then cast(forecast as decimal(28, 4)) else 0 end) as total,
        sum(case when series_level = 'category' then cast(forecast as decimal(28, 4)) else 0 end) as categories
    from forecasts
    group by week_starting
)

select *
from summed
where abs(total - categories) > 0.005 + 0.000000001 * total
