with elasticities as (
    select * from {{ ref('score_price_elasticities') }}
),

products as (
    select * from {{ ref('int_products') }}
),

final as (
    select
        elasticities.product_id,
        products.product_name,
        elasticities.category,
        elasticities.weeks,
        elasticities.average_price,
        elasticities.price_spread,
        elasticities.elasticity,
        elasticities.standard_error,
        elasticities.lower_95,
        elasticities.upper_95,
        elasticities.is_significant,
        elasticities.own_elasticity,
        elasticities.own_standard_error,
        elasticities.own_data_weight,
        elasticities.category_elasticity,
        elasticities.category_standard_error,
        elasticities.ols_elasticity,
        elasticities.usual_promotion_reach,
        elasticities.promotion_lift,
        elasticities.promotion_lift_lower_95,
        elasticities.promotion_lift_upper_95,
        elasticities.rival_weeks,
        elasticities.cross_elasticity,
        elasticities.cross_lower_95,
        elasticities.cross_upper_95,
        elasticities.cross_p_value,
        elasticities.cross_q_value,
        elasticities.is_cross_significant,
        elasticities.verdict
    from elasticities
    inner join products
        on elasticities.product_id = products.product_id
)

select * from final
