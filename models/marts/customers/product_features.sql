with features as (
    select * from {{ ref('int_product_features') }}
),

vectors as (
    select * from {{ ref('score_product_features') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

final as (
    select
        features.product_id,
        clock.as_of_date,

        -- basic
        features.product_name,
        features.category,
        features.subcategory,
        features.brand,
        features.supplier_id,
        features.package_size,
        features.package_quantity,
        features.package_unit,

        -- functional
        features.product_text,

        -- market
        features.price_paid,
        features.price_position,
        features.weekly_units,
        features.active_orders,
        features.customers,
        features.promoted_share,
        features.repeat_share,
        features.rating,
        features.ratings,
        features.competitor_gap,
        features.competitors,

        -- vector
        vectors.has_read_texts,
        vectors.feature_vector
    from features
    inner join vectors
        on features.product_id = vectors.product_id
    cross join clock
)

select * from final
