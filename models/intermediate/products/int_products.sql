with products as (
    select * from {{ ref('stg_raw__products') }}
),

rules as (
    select
        field,
        match,
        lower(trim(value)) as value,
        {{ words_of("value") }} as words,
        kind
    from {{ ref('non_merchandise') }}
),

sold_products as (
    select distinct product_id from {{ ref('int_product_weeks') }}
),

unlisted_products as (
    select sold_products.product_id
    from sold_products
    left join products
        on sold_products.product_id = products.product_id
    where products.product_id is null
),

listed as (
    select
        product_id,
        product_name,
        brand,
        category,
        subcategory,
        supplier_id,
        package_size,
        unit_cost,
        launched_on,
        true as is_listed
    from products
),

-- A product that was sold but is in no list is a member of its own, so that no sale is lost in a join.
unlisted as (
    select
        product_id,
        cast(null as string) as product_name,
        cast(null as string) as brand,
        'unknown' as category,
        cast(null as string) as subcategory,
        cast(null as string) as supplier_id,
        cast(null as string) as package_size,
        cast(null as double) as unit_cost,
        cast(null as date) as launched_on,
        false as is_listed
    from unlisted_products
),

every_product as (
    select * from listed
    union all
    select * from unlisted
),

product_texts as (
    select
        product_id,
        'product_id' as field,
        lower(trim(product_id)) as value
    from every_product
    union all
    select
        product_id,
        'unnamed_product_id' as field,
        lower(trim(product_id)) as value
    from every_product
    where coalesce(trim(product_name), '') = ''
    {%- for field in ["product_name", "category", "subcategory"] %}
    union all
    select
        product_id,
        '{{ field }}' as field,
        lower(trim({{ field }})) as value
    from every_product
    where {{ field }} is not null
    {%- endfor %}
),

-- Thousands of products share a category: each text is read once.
texts as (
    select
        field,
        value,
        {{ words_of("value") }} as words
    from product_texts
    group by field, value
),

classified_texts as (
    select
        texts.field,
        texts.value,
        max(case when rules.kind = 'merchandise' then 1 else 0 end) as is_exception,
        min(case when rules.kind <> 'merchandise' then rules.kind end) as kind
    from texts
    inner join rules
        on
            texts.field = rules.field
            and case rules.match
                when 'equals' then texts.value = rules.value
                when 'starts_with' then substr(texts.value, 1, length(rules.value)) = rules.value
                when 'contains_word' then {{ dbt.position("rules.words", "texts.words") }} > 0
                when 'matches' then {{ matches_pattern("texts.value", "rules.value") }}
            end
    group by texts.field, texts.value
),

classified as (
    select
        product_texts.product_id,
        case when max(classified_texts.is_exception) = 0 then min(classified_texts.kind) end as kind
    from product_texts
    inner join classified_texts
        on
            product_texts.field = classified_texts.field
            and product_texts.value = classified_texts.value
    group by product_texts.product_id
),

final as (
    select
        every_product.*,
        classified.kind is null as is_merchandise,
        classified.kind as non_merchandise_kind
    from every_product
    left join classified
        on every_product.product_id = classified.product_id
)

select * from final
