-- The segments are parts of all customers and of all revenue. There is no share of revenue where there is none.
with added as (
    select
        count(*) as segments,
        sum(share_of_customers) as customers,
        sum(share_of_revenue) as revenue
    from {{ ref('segment_profiles') }}
)

select *
from added
where
    segments > 0
    and (abs(customers - 1) > 0.000001 or abs(coalesce(revenue, 1) - 1) > 0.000001)
