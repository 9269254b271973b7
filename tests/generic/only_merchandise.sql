{% test only_merchandise(model, column_name) %}
select
    products.product_id,
    products.non_merchandise_kind
from {{ model }} as listed
inner join {{ ref('int_products') }} as products
    on listed.{{ column_name }} = products.product_id
where not products.is_merchandise
{% endtest %}
