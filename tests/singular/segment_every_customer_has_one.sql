-- Once segments are found, every known customer is in exactly one of them; before, nobody is.
with counted as (
    select
        (select count(*) from {{ ref('int_customers') }}) as known_customers,
        (select count(*) from {{ ref('customer_segments') }}) as segmented_customers,
        (select count(*) from {{ ref('fit_customer_segments') }}) as fits
)

select *
from counted
where segmented_customers <> case when fits > 0 then known_customers else 0 end
