with positive_increments as (
    select * from {{ ref('int_positive_increments') }}
),

final as (
    select
        product_id,
        category,
        launched_on,
        expected_units,
        expectation_source,
        positive_weeks,
        positive_increment,
        later_positive_weeks,
        later_positive_increment,
        breakout_threshold,
        is_breakout,
        is_later_breakout
    from positive_increments
)

select * from final
