with clock as (
    select * from {{ ref('base_raw__clock') }}
),

products as (
    select * from {{ ref('int_products') }}
),

product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

first_sales as (
    select
        product_id,
        min(first_natural_sold_on) as first_natural_sold_on,
        min(first_sold_on) as first_sold_on,
        min(first_returned_on) as first_returned_on
    from product_weeks
    group by product_id
),

bounds as (
    select
        as_of_date,
        data_begins_on,
        cast({{ dbt.dateadd("week", var("launch_guard_weeks"), week_of("data_begins_on")) }} as date) as first_launch_week,
        {{ week_of(dbt.dateadd("day", -6, "as_of_date")) }} as last_complete_week
    from clock
),

told as (
    select
        products.product_id,
        products.launched_on as listed_launch_on,
        first_sales.first_natural_sold_on,
        bounds.as_of_date,
        bounds.last_complete_week,
        case
            when products.launched_on > bounds.as_of_date then 'not_launched_yet'
            when products.launched_on < bounds.data_begins_on then 'launched_before_data'
            when products.launched_on is not null then 'listed'
            when first_sales.first_natural_sold_on is null then 'never_sold_naturally'
            when {{ week_of("first_sales.first_natural_sold_on") }} < bounds.first_launch_week
                then 'sold_since_data_began'
            -- What comes back before it is sold was sold before the data begin.
            when first_sales.first_returned_on < first_sales.first_sold_on then 'launched_before_data'
            else 'first_natural_sale'
        end as launch_status
    from products
    cross join bounds
    left join first_sales
        on products.product_id = first_sales.product_id
),

dated as (
    select
        product_id,
        launch_status,
        last_complete_week,
        case
            when launch_status = 'listed' then listed_launch_on
            when launch_status = 'first_natural_sale' then first_natural_sold_on
        end as launched_on
    from told
),

weighed as (
    select
        *,
        {{ week_of("launched_on") }} as launch_week
    from dated
),

final as (
    select
        product_id,
        launch_status,
        launched_on,
        launch_week,
        cast(
            case
                when launch_week > last_complete_week then 0
                else {{ dbt.datediff("launch_week", "last_complete_week", "week") }} + 1
            end as bigint
        ) as weeks_on_sale
    from weighed
)

select * from final
