with events as (
    select
        *,
        {{ business_date("occurred_at") }} as occurred_on
    from {{ ref('stg_raw__events') }}
    {% if is_incremental() -%}
    where session_id in ({{ touched_sessions() }})
    {%- endif %}
),

followed_events as (
    select
        *,
        lag(occurred_at) over (
            partition by session_id, event_type, product_id, query order by occurred_at, event_id
        ) as same_event_before_at
    from events
),

session_paces as (
    select
        session_id,
        count(*) as events,
        {{ dbt.datediff("min(occurred_at)", "max(occurred_at)", "second") }} as seconds
    from events
    group by session_id
),

final as (
    select
        -- ids
        followed_events.event_id,
        followed_events.session_id,
        followed_events.customer_id,
        followed_events.product_id,
        followed_events.campaign_id,

        -- text
        followed_events.event_type,
        followed_events.channel,
        followed_events.query,

        -- booleans
        coalesce(
            {{ dbt.datediff("followed_events.same_event_before_at", "followed_events.occurred_at", "second") }}
            <= {{ var("double_click_seconds") }},
            false
        ) as is_double_click,
        (
            session_paces.events >= {{ var("bot_min_events") }}
            and session_paces.events * 60 > {{ var("bot_events_per_minute") }} * session_paces.seconds
        ) as is_bot,

        -- dates
        followed_events.occurred_on,

        -- timestamps
        followed_events.occurred_at
    from followed_events
    inner join session_paces
        on followed_events.session_id = session_paces.session_id
)

select * from final
