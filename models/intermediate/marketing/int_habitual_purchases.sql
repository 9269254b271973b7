with order_lines as (
    select * from {{ ref('int_order_lines') }}
),

clock as (
    select
        as_of_date,
        cast({{ dbt.dateadd("week", "-" ~ var("active_weeks"), "as_of_date") }} as date) as active_after
    from {{ ref('base_raw__clock') }}
),

natural_days as (
    select
        customer_id,
        product_id,
        ordered_on
    from order_lines
    where
        is_natural
        and customer_id is not null
        and ordered_on > (select clock.active_after from clock)
        and ordered_on <= (select clock.as_of_date from clock)
    group by customer_id, product_id, ordered_on
    having {{ is_bought("sum(cast(quantity as decimal(18, 4)))", "sum(cast(net_amount as decimal(18, 4)))") }}
),

final as (
    select
        customer_id,
        product_id,
        cast(count(*) as bigint) as natural_days
    from natural_days
    group by customer_id, product_id
    having count(*) >= {{ var("habitual_purchase_days") }}
)

select * from final
