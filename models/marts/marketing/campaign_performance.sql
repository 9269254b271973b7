with weeks as (
    select * from {{ ref('score_campaign_weeks') }}
),

rates as (
    select * from {{ ref('score_campaign_performance') }}
),

budgets as (
    select
        campaign_id,
        budget
    from {{ ref('stg_raw__campaigns') }}
),

channels as (
    select
        channel,
        contact_cost
    from {{ ref('marketing_channels') }}
),

treated as (
    select
        campaign_id,
        cast(sum(customers) as double) as customers
    from weeks
    where not is_control
    group by campaign_id
),

-- Who is held out, and who saw it without a touch, cost nothing of it.
costed as (
    select
        weeks.*,
        case
            when weeks.is_control or weeks.customers = 0 then 'none'
            when budgets.budget is not null then 'budget'
            when channels.contact_cost is not null then 'contact cost'
            else 'not known'
        end as cost_source,
        case
            when weeks.is_control or weeks.customers = 0 then 0
            when budgets.budget is not null then budgets.budget * weeks.customers / treated.customers
            else channels.contact_cost * weeks.customers
        end as cost
    from weeks
    left join budgets
        on weeks.campaign_id = budgets.campaign_id
    left join channels
        on weeks.channel = channels.channel
    left join treated
        on weeks.campaign_id = treated.campaign_id
),

final as (
    select
        -- ids
        costed.campaign_id,
        costed.campaign_name,
        costed.campaign_type,
        costed.channel,
        costed.segment_name,
        costed.variant,
        costed.week_starting,
        costed.is_control,

        -- what was seen
        costed.impressions,
        costed.clicks,
        rates.ctr,
        rates.ctr_lower,
        rates.ctr_upper,
        rates.ctr_shrunken,

        -- who converted
        costed.customers,
        case when costed.customers > 0 then round(cast(costed.customers_over as double) / costed.customers, 6) end as over_share,
        costed.conversions,
        rates.cr,
        rates.cr_lower,
        rates.cr_upper,
        rates.cr_shrunken,

        -- what it brought
        costed.revenue,
        costed.order_revenue,
        rates.apu,
        rates.apu_lower,
        rates.apu_upper,

        -- who came again
        costed.repurchases_known,
        costed.repurchases,
        rates.rpr,
        rates.rpr_lower,
        rates.rpr_upper,
        rates.rpr_shrunken,

        -- what it cost
        costed.cost_source,
        round(costed.cost, 6) as cost,
        case
            when costed.cost > 0
                then round((costed.revenue * {{ 1 - var("default_cost_share") }} - costed.cost) / costed.cost, 6) + 0
        end as roi
    from costed
    inner join rates
        on
            costed.campaign_id = rates.campaign_id
            and costed.segment_name = rates.segment_name
            and costed.variant = rates.variant
            and costed.week_starting = rates.week_starting
)

select * from final
