with launches as (
    select * from {{ ref('int_product_launches') }}
    where launched_on is not null
),

product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

numbers as (
    {{ dbt.generate_series(var("cycle_weeks")) }}
),

life_weeks as (
    select
        launches.product_id,
        cast(numbers.generated_number as bigint) as week_of_life,
        cast({{ dbt.dateadd("week", "cast(numbers.generated_number - 1 as int)", "launches.launch_week") }} as date)
            as week_starting
    from launches
    inner join numbers
        on launches.weeks_on_sale >= numbers.generated_number
),

final as (
    select
        life_weeks.product_id,
        life_weeks.week_of_life,
        life_weeks.week_starting,
        coalesce(product_weeks.natural_units, 0) as natural_units,
        coalesce(product_weeks.promoted_units, 0) as promoted_units,
        coalesce(product_weeks.price_paid, 0) as price_paid,
        cast(coalesce(product_weeks.stores, 0) as double) as stores,
        cast(coalesce(product_weeks.customers, 0) as double) as customers
    from life_weeks
    left join product_weeks
        on
            life_weeks.product_id = product_weeks.product_id
            and life_weeks.week_starting = product_weeks.week_starting
)

select * from final
