with launches as (
    select * from {{ ref('int_launches') }}
),

given_expectations as (
    select * from {{ ref('sales_expectations') }}
),

historical_launches as (
    select
        *,
        cast(cycle_units as decimal(28, 4)) as exact_units
    from launches
    where is_historical
),

-- Products without a category have nothing in common: they are like all.
category_levels as (
    select
        category,
        cast(sum(exact_units) as double) / (count(*) * {{ var("cycle_weeks") }}) as weekly_units
    from historical_launches
    where category <> 'unknown'
    group by category
    having count(*) >= {{ var("min_category_launches") }}
),

overall_level as (
    select cast(sum(exact_units) as double) / (count(*) * {{ var("cycle_weeks") }}) as weekly_units
    from historical_launches
),

final as (
    select
        launches.product_id,
        launches.category,
        given_expectations.expected_units as given_expected_units,
        coalesce(
            given_expectations.expected_units, category_levels.weekly_units, overall_level.weekly_units
        ) as expected_units,
        case
            when given_expectations.expected_units is not null then 'sales_expectations'
            when category_levels.weekly_units is not null then 'category_history'
            when overall_level.weekly_units is not null then 'all_history'
        end as expectation_source
    from launches
    cross join overall_level
    left join given_expectations
        on launches.category = given_expectations.category
    left join category_levels
        on launches.category = category_levels.category
)

select * from final
