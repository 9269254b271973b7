{{ config(severity="warn") }}

-- A category that no product has is a slip of the pen: its expectation would hold for nothing.
with expectations as (
    select * from {{ ref('sales_expectations') }}
),

products as (
    select * from {{ ref('stg_raw__products') }}
)

select expectations.category
from expectations
left join products
    on expectations.category = products.category
where products.category is null
