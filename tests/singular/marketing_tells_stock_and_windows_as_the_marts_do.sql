with stock as (
    select * from {{ ref('score_stock_status') }}
),

plans as (
    select * from {{ ref('inventory_plan') }}
),

windows as (
    select * from {{ ref('score_promotion_windows') }}
),

promotion_windows as (
    select * from {{ ref('promotion_windows') }}
    where window_number = 1
)

select
    plans.product_id,
    plans.status as of_the_mart,
    stock.status as of_marketing
from plans
left join stock
    on
        plans.product_id = stock.product_id
        and coalesce(plans.store_id, '') = coalesce(stock.store_id, '')
where plans.status <> coalesce(stock.status, '')
union all
select
    coalesce(promotion_windows.product_id, windows.product_id) as product_id,
    cast(promotion_windows.starts_on as string) as of_the_mart,
    cast(windows.starts_on as string) as of_marketing
from promotion_windows
full outer join windows
    on promotion_windows.product_id = windows.product_id
where
    promotion_windows.product_id is null
    or windows.product_id is null
    or promotion_windows.starts_on <> windows.starts_on
    or promotion_windows.ends_on <> windows.ends_on
