with features as (
    select * from {{ ref('int_product_features') }}
),

final as (
    select
        product_text,
        cast(count(*) as bigint) as products
    from features
    where product_text is not null
    group by product_text
)

select * from final
