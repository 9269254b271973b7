with touches as (
    select * from {{ ref('int_campaign_touches') }}
),

splits as (
    select * from {{ ref('experiment_splits') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

campaigns as (
    select
        campaign_id,
        count(distinct case when is_in_several_variants then customer_id end) as customers_in_several_variants,
        sum(case when variant = '{{ no_variant() }}' then 1 else 0 end) as touches_without_variant,
        max(case when clicks > 0 and not is_control then 1 else 0 end) as tells_clicks,
        min(case when is_over then 1 else 0 end) as is_over,
        min(touched_on) as first_touched_on,
        max(response_ends_on) as response_ends_on
    from touches
    group by campaign_id
),

usable as (
    select
        *,
        greatest({{ dbt.datediff("touched_on", "response_ends_on", "day") }} + 1, 1) as response_length,
        {{ dbt.datediff("touched_on", "(select clock.as_of_date from clock)", "day") }} + 1 as response_passed
    from touches
    where not is_in_several_variants and variant <> '{{ no_variant() }}'
),

arms as (
    select
        campaign_id,
        variant,
        max(campaign_type) as campaign_type,
        max(channel) as channel,
        max(case when is_control then 1 else 0 end) as is_control,
        count(*) as customers,
        cast(
            sum(cast(least(cast(response_passed as double) / response_length, cast(1 as double)) as decimal(18, 6))) as double
        ) / count(*) as passed_share
    from usable
    group by campaign_id, variant
),

variants as (
    select
        campaign_id,
        count(*) as variants
    from arms
    group by campaign_id
),

{% set measures = {
    "conversion_rate": "case when is_converted then 1 else 0 end",
    "click_rate": "case when clicks > 0 then 1 else 0 end",
    "revenue_per_customer": "revenue",
    "order_revenue_per_customer": "order_revenue",
} -%}

measured as (
    {%- for metric, value in measures.items() %}
    select
        campaign_id,
        variant,
        '{{ metric }}' as metric,
        cast({{ value }} as double) as measure,
        prior_revenue
    from usable
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

sums as (
    select
        campaign_id,
        variant,
        metric,
        cast(sum(cast(measure as decimal(28, 4))) as double) as measure_sum,
        cast(sum(cast(measure * measure as decimal(38, 4))) as double) as measure_squares,
        cast(sum(cast(prior_revenue as decimal(28, 4))) as double) as prior_sum,
        cast(sum(cast(prior_revenue * prior_revenue as decimal(38, 4))) as double) as prior_squares,
        cast(sum(cast(measure * prior_revenue as decimal(38, 4))) as double) as products
    from measured
    group by campaign_id, variant, metric
),

-- Who got nothing had nothing to click.
final as (
    select
        -- ids
        sums.campaign_id,
        sums.variant,
        sums.metric,

        -- text
        arms.campaign_type,
        arms.channel,

        -- numerics
        cast(arms.customers as bigint) as customers,
        sums.measure_sum,
        sums.measure_squares,
        sums.prior_sum,
        sums.prior_squares,
        sums.products,
        cast(arms.passed_share as double) as passed_share,
        splits.planned_share,
        cast(campaigns.customers_in_several_variants as bigint) as customers_in_several_variants,
        cast(campaigns.touches_without_variant as bigint) as touches_without_variant,

        -- booleans
        arms.is_control = 1 as is_control,
        campaigns.is_over = 1 as is_over,

        -- dates
        campaigns.first_touched_on,
        campaigns.response_ends_on
    from sums
    inner join arms
        on sums.campaign_id = arms.campaign_id and sums.variant = arms.variant
    inner join campaigns
        on sums.campaign_id = campaigns.campaign_id
    inner join variants
        on sums.campaign_id = variants.campaign_id
    left join splits
        on sums.campaign_id = splits.campaign_id and sums.variant = splits.variant
    where
        variants.variants > 1
        and (sums.metric <> 'click_rate' or (campaigns.tells_clicks = 1 and arms.is_control = 0))
)

select * from final
