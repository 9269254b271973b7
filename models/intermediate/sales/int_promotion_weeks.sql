with promotions as (
    select * from {{ ref('stg_raw__promotions') }}
    where is_displayed or is_mailed
),

promotions_of_weeks as (
    select * from promotions
    {% if is_incremental() -%}
    where {{ in_weeks("week_starting", touched_weeks()) }}
    {%- endif %}
),

final as (
    select
        product_id,
        week_starting,
        cast(count(store_id) as bigint) as promoted_stores,
        max(case when store_id is null then 1 else 0 end) = 1 as is_everywhere
    from promotions_of_weeks
    group by product_id, week_starting
)

select * from final
