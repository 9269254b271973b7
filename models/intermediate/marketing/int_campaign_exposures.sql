with events as (
    select * from {{ ref('int_events') }}
    where campaign_id is not null and not is_bot and not is_double_click
),

exposures as (
    select
        campaign_id,
        coalesce(customer_id, '{{ anonymous_customer() }}') as customer_id,
        occurred_on,
        sum(case when event_type = 'impression' then 1 else 0 end) as shown,
        sum(case when event_type = 'click' then 1 else 0 end) as clicks
    from events
    where event_type in ('impression', 'click')
    group by campaign_id, coalesce(customer_id, '{{ anonymous_customer() }}'), occurred_on
),

-- Who clicked has seen it, whether or not the impression was logged.
final as (
    select
        campaign_id,
        customer_id,
        occurred_on,
        cast(greatest(shown, clicks) as bigint) as impressions,
        cast(clicks as bigint) as clicks
    from exposures
)

select * from final
