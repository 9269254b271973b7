with similarities as (
    select * from {{ ref('score_product_similarities') }}
),

features as (
    select * from {{ ref('int_product_features') }}
),

compared as (
    select
        similarities.product_id,
        similarities.similar_product_id,
        similarities.similarity_rank,
        similarities.similarity,
        product.product_name,
        other.product_name as similar_product_name,
        other.category as similar_category,
        other.price_paid as similar_price_paid,
        case when product.category <> 'unknown' then product.category = other.category end as has_same_category,
        product.subcategory = other.subcategory as has_same_subcategory,
        product.brand = other.brand as has_same_brand,
        product.supplier_id = other.supplier_id as has_same_supplier,
        product.package_quantity = other.package_quantity
        and product.package_unit = other.package_unit as has_same_size,
        product.price_paid <= {{ 1 + var("similar_price_share") }} * other.price_paid
        and other.price_paid <= {{ 1 + var("similar_price_share") }} * product.price_paid as has_similar_price
    from similarities
    inner join features as product
        on similarities.product_id = product.product_id
    inner join features as other
        on similarities.similar_product_id = other.product_id
),

reasoned as (
    select
        *,
        case
            when has_same_category and has_same_subcategory then ', same subcategory'
            when has_same_category then ', same category'
            else ''
        end
        || case when has_same_brand then ', same brand' else '' end
        || case when has_same_supplier then ', same supplier' else '' end
        || case when has_same_size then ', same size' else '' end
        || case when has_similar_price then ', similar price' else '' end as reasons
    from compared
),

final as (
    select
        product_id,
        product_name,
        similar_product_id,
        similar_product_name,
        similar_category,
        similar_price_paid,
        similarity_rank,
        similarity,
        case when reasons = '' then 'similar words or sales' else substr(reasons, 3) end as reason
    from reasoned
)

select * from final
