{#- Column of the snapshot: what its mean is called, and its index against all customers where there is one. -#}
{%- set features = {
    "recency_days": ["mean_recency_days", "recency_index"],
    "orders_active": ["mean_orders", "orders_index"],
    "revenue_active": ["mean_revenue", "revenue_index"],
    "average_basket": ["mean_basket", "basket_index"],
    "mean_days_between_orders": ["mean_days_between_orders", none],
    "tenure_days": ["mean_tenure_days", none],
    "order_trend": ["mean_order_trend", none],
    "weekend_share": ["mean_weekend_share", none],
    "stores_active": ["mean_stores", none],
    "sessions_active": ["mean_sessions", "sessions_index"],
} -%}
{%- set medians = {
    "recency_days": "median_recency_days",
    "orders_active": "median_orders",
    "revenue_active": "median_revenue",
    "average_basket": "median_basket",
} -%}
{%- set attributes = {
    "age_band": "age", "gender": "gender", "income_band": "income", "household_size": "household", "region": "region",
} -%}
{%- set shares = [
    "share_of_customers", "share_of_revenue", "promoted_share", "online_share", "browsing_share",
    "age_band_share", "gender_share", "income_band_share", "household_size_share", "region_share",
] -%}
{#- How far the quantile that chance exceeds in 2.5 of 100 draws lies above the mean, in standard deviations. -#}
{%- set above_95 = 1.96 -%}
{%- set least = var("min_described_customers") -%}

with segments as (
    select * from {{ ref('customer_segments') }}
),

snapshots as (
    select * from {{ ref('int_customer_snapshots') }}
    where is_current
),

customers as (
    select * from {{ ref('int_customers') }}
),

interests as (
    select * from {{ ref('int_customer_interests') }}
),

described as (
    select
        segments.segment_number,
        snapshots.*,
        cast(snapshots.revenue_active as decimal(28, 4)) as exact_revenue,
        case when snapshots.promoted_share is not null then cast(snapshots.revenue_active as decimal(28, 4)) end as judged_revenue,
        cast(snapshots.promoted_share * snapshots.revenue_active as decimal(28, 4)) as promoted_revenue,
        case when snapshots.online_share is not null then snapshots.orders_active end as judged_orders,
        cast(snapshots.online_share * snapshots.orders_active as decimal(28, 4)) as online_orders
    from segments
    inner join snapshots
        on segments.customer_id = snapshots.customer_id
),

{% for scope in ["overall", "measured"] -%}
{{ scope }} as (
    select
        {%- if scope == "measured" %}
        segment_number,
        {%- endif %}
        count(*) as customers,
        sum(exact_revenue) as revenue,
        {%- for column, names in features.items() %}
        round(cast(sum(cast({{ column }} as decimal(28, 6))) as double) / nullif(count({{ column }}), 0), 4) as {{ names[0] }},
        {%- endfor %}
        {%- for column, name in medians.items() %}
        cast(median({{ column }}) as double) as {{ name }},
        {%- endfor %}
        cast(sum(promoted_revenue) as double) / nullif(cast(sum(judged_revenue) as double), 0) as promoted_share,
        cast(sum(online_orders) as double) / nullif(sum(judged_orders), 0) as online_share,
        sum(case when judged_revenue <> 0 then 1 else 0 end) as promotion_buyers,
        sum(case when judged_orders > 0 then 1 else 0 end) as channel_buyers,
        cast(sum(case when sessions_active > 0 then 1 else 0 end) as double) / count(*) as browsing_share
    from described
    {%- if scope == "measured" %}
    group by segment_number
    {%- endif %}
),

{% endfor -%}
members as (
    select
        segment_number,
        min(segment_name) as segment_name,
        min(as_of_date) as as_of_date,
        min(model_version) as model_version,
        sum(case when is_outlier then 1 else 0 end) as outliers,
        sum(case when has_moved then 1 else 0 end) as joined_customers,
        sum(case when previous_segment_number is null then 1 else 0 end) as new_customers
    from segments
    group by segment_number
),

movements as (
    select
        previous_segment_number as segment_number,
        count(*) as previous_customers,
        sum(case when has_moved then 1 else 0 end) as left_customers
    from segments
    where previous_segment_number is not null
    group by previous_segment_number
),

known_attributes as (
    {%- for attribute in attributes %}
    select
        segments.segment_number,
        '{{ attribute }}' as attribute_name,
        customers.{{ attribute }} as attribute_value,
        count(*) as holders
    from segments
    inner join customers
        on segments.customer_id = customers.customer_id
    where customers.{{ attribute }} is not null
    group by segments.segment_number, customers.{{ attribute }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

ranked_attributes as (
    select
        *,
        sum(holders) over (partition by segment_number, attribute_name) as known,
        row_number() over (partition by segment_number, attribute_name order by holders desc, attribute_value asc) as value_rank
    from known_attributes
),

-- Of few customers nothing is said: it would describe the persons, not the segment.
most_frequent as (
    select
        *,
        known >= {{ least }} as is_told
    from ranked_attributes
    where value_rank = 1
),

demographics as (
    select
        {%- for attribute in attributes %}
        max(case when attribute_name = '{{ attribute }}' and is_told then attribute_value end) as {{ attribute }},
        max(case when attribute_name = '{{ attribute }}' and is_told then cast(holders as double) / known end) as {{ attribute }}_share,
        max(case when attribute_name = '{{ attribute }}' then known else 0 end) as {{ attribute }}_known,
        {%- endfor %}
        segment_number
    from most_frequent
    group by segment_number
),

held_interests as (
    select
        segments.segment_number,
        interests.category,
        count(*) as holders
    from interests
    inner join segments
        on interests.customer_id = segments.customer_id
    group by segments.segment_number, interests.category
),

compared_interests as (
    select
        held_interests.segment_number,
        held_interests.category,
        measured.customers,
        overall.customers as all_customers,
        cast(held_interests.holders as double) / measured.customers as segment_share,
        cast(sum(held_interests.holders) over (partition by held_interests.category) as double) / overall.customers as overall_share
    from held_interests
    inner join measured
        on held_interests.segment_number = measured.segment_number
    cross join overall
),

known_categories as (
    select count(distinct category) as categories
    from held_interests
),

-- By the difference of the shares, for a ratio alone would put first what hardly anybody buys.
ranked_interests as (
    select
        *,
        segment_share / overall_share as affinity,
        row_number() over (
            partition by segment_number order by round(segment_share - overall_share, 6) desc, category asc
        ) as interest_rank
    from compared_interests
    -- Of few customers, or of one category, nothing is said; nor of a difference that as many customers drawn from all would show by chance.
    where
        (select known_categories.categories from known_categories) >= 2
        and customers >= {{ least }}
        and round(segment_share - overall_share, 6)
        > {{ above_95 }} * sqrt(overall_share * (1 - overall_share) / customers * (1 - cast(customers as double) / all_customers))
),

told_interests as (
    select
        segment_number,
        interest_rank,
        category || ' (×' || cast(round(affinity, 1) as {{ dbt.type_string() }}) || ')' as told
    from ranked_interests
    where interest_rank <= 3
),

preferences as (
    select
        segment_number,
        {{ joined_list(ordered_list("told", "interest_rank"), ", ") }} as top_categories
    from told_interests
    group by segment_number
),

profiled as (
    select
        measured.segment_number,
        members.segment_name,
        members.as_of_date,
        measured.customers,
        cast(measured.customers as double) / overall.customers as share_of_customers,
        members.outliers,
        measured.revenue,
        cast(measured.revenue as double) / nullif(cast(overall.revenue as double), 0) as share_of_revenue,
        coalesce(movements.previous_customers, 0) as previous_customers,
        members.joined_customers,
        members.new_customers,
        coalesce(movements.left_customers, 0) as left_customers,
        {%- for column, names in features.items() %}
        measured.{{ names[0] }},
        {%- if names[1] %}
        round(100 * measured.{{ names[0] }} / nullif(overall.{{ names[0] }}, 0), 1) as {{ names[1] }},
        {%- endif %}
        {%- endfor %}
        {%- for name in medians.values() %}
        measured.{{ name }},
        {%- endfor %}
        measured.promoted_share,
        round(100 * measured.promoted_share / nullif(overall.promoted_share, 0), 1) as promoted_index,
        measured.online_share,
        measured.browsing_share,
        overall.customers as all_customers,
        measured.promotion_buyers,
        measured.channel_buyers,
        {%- for attribute in attributes %}
        demographics.{{ attribute }},
        demographics.{{ attribute }}_share,
        coalesce(demographics.{{ attribute }}_known, 0) as {{ attribute }}_known,
        {%- endfor %}
        preferences.top_categories,
        members.model_version
    from measured
    inner join members
        on measured.segment_number = members.segment_number
    cross join overall
    left join movements
        on measured.segment_number = movements.segment_number
    left join demographics
        on measured.segment_number = demographics.segment_number
    left join preferences
        on measured.segment_number = preferences.segment_number
),

worded as (
    select
        *,
        {%- for share in shares %}
        case
            when {{ share }} > 0 and {{ share }} < 0.005 then 'under 1 %'
            else cast(cast(round(100 * {{ share }}) as bigint) as {{ dbt.type_string() }}) || ' %'
        end as {{ share }}_told,
        {%- endfor %}
        {%- for name in ["median_recency_days", "median_orders", "median_revenue"] %}
        cast(cast(round({{ name }}) as bigint) as {{ dbt.type_string() }}) as {{ name }}_told,
        {%- endfor %}
        cast(customers as {{ dbt.type_string() }}) || case when customers = 1 then ' customer' else ' customers' end as customers_told
    from profiled
),

demographics_worded as (
    select
        segment_number as worded_segment_number,
        ''
        {%- for attribute, label in attributes.items() %}
        || coalesce(', {{ label }} ' || {{ attribute }} || ' (' || {{ attribute }}_share_told || ')', '')
        {%- endfor %} as demographics_told
    from worded
),

portrayed as (
    select
        worded.*,
        case
            when worded.all_customers >= {{ least }} then worded.customers_told || ' (' || worded.share_of_customers_told || ')'
            else
                cast(worded.customers as {{ dbt.type_string() }}) || ' of ' || cast(worded.all_customers as {{ dbt.type_string() }})
                || case when worded.all_customers = 1 then ' customer' else ' customers' end
        end
        || case when worded.segment_number = 0 then ' who have not bought yet' else '' end
        || coalesce(case when worded.segment_number > 0 then ' who bring ' || worded.share_of_revenue_told || ' of revenue' end, '')
        || coalesce(
            case
                when worded.segment_number > 0
                    then
                        ': typically ' || worded.median_recency_days_told
                        || case when worded.median_recency_days_told = '1' then ' day' else ' days' end || ' since the last order, '
                        || worded.median_orders_told
                        || case when worded.median_orders_told = '1' then ' order' else ' orders' end || ' and '
                        || worded.median_revenue_told || ' of revenue in {{ var("active_weeks") }} weeks'
            end,
            ''
        )
        || coalesce(
            case when worded.promotion_buyers >= {{ least }} then '; ' || worded.promoted_share_told || ' of it in promotions' end, ''
        )
        || case
            when worded.online_share > 0 and worded.channel_buyers >= {{ least }} then '; ' || worded.online_share_told || ' of orders online'
            else ''
        end
        || case
            when worded.browsing_share > 0 and worded.customers >= {{ least }} then '; ' || worded.browsing_share_told || ' browse'
            else ''
        end
        || coalesce('; interested more than others in ' || worded.top_categories, '')
        || case
            when demographics_worded.demographics_told <> '' then '; most often' || substring(demographics_worded.demographics_told, 2)
            else ''
        end as portrait
    from worded
    inner join demographics_worded
        on worded.segment_number = demographics_worded.worded_segment_number
),

final as (
    select
        segment_number,
        segment_name,
        as_of_date,
        portrait,

        -- size
        cast(customers as bigint) as customers,
        share_of_customers,
        cast(outliers as bigint) as outliers,
        cast(revenue as double) as revenue,
        share_of_revenue,

        -- movement
        cast(previous_customers as bigint) as previous_customers,
        cast(joined_customers as bigint) as joined_customers,
        cast(new_customers as bigint) as new_customers,
        cast(left_customers as bigint) as left_customers,

        -- behaviour
        {%- for names in features.values() %}
        {{ names[0] }},
        {%- if names[1] %}
        {{ names[1] }},
        {%- endif %}
        {%- endfor %}
        {%- for name in medians.values() %}
        {{ name }},
        {%- endfor %}
        promoted_share,
        promoted_index,
        online_share,
        browsing_share,
        top_categories,

        -- description
        {%- for attribute in attributes %}
        {{ attribute }},
        {{ attribute }}_share,
        cast({{ attribute }}_known as bigint) as {{ attribute }}_known,
        {%- endfor %}

        -- model
        model_version
    from portrayed
)

select * from final
