{%- set weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] -%}

with strategies as (
    select * from {{ ref('score_strategies') }}
    where is_active
),

channels as (
    select * from {{ ref('marketing_channels') }}
),

quiet_days as (
    select * from {{ ref('quiet_days') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

coming_days as (
    {%- for day in range(1, (var("push_days") | int) + 1) %}
    select cast({{ dbt.dateadd("day", day, "clock.as_of_date") }} as date) as day_on from clock
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

named_days as (
    select
        day_on,
        cast({{ dbt.datediff(week_of("day_on"), "day_on", "day") }} as bigint) as days_after_monday,
        case {{ dbt.datediff(week_of("day_on"), "day_on", "day") }}
            {%- for weekday in weekdays %}
            when {{ loop.index0 }} then '{{ weekday | lower }}'
            {%- endfor %}
        end as day_name
    from coming_days
),

usual_days as (
    {%- for weekday in weekdays %}
    select
        '{{ weekday }}' as usual_weekday,
        cast({{ loop.index0 }} as bigint) as days_after_monday
    union all
    {%- endfor %}
    select
        '(any)' as usual_weekday,
        cast(null as bigint) as days_after_monday
),

ways as (
    select
        strategy_id,
        lower(channel) as channel,
        starts_on,
        ends_on
    from strategies
    union
    select
        strategy_id,
        lower(other_channel) as channel,
        starts_on,
        ends_on
    from strategies
    where other_channel is not null
),

allowed as (
    select
        ways.strategy_id,
        ways.channel,
        named_days.day_on,
        named_days.days_after_monday
    from ways
    inner join channels
        on ways.channel = channels.channel
    cross join named_days
    left join quiet_days
        on named_days.day_on = quiet_days.quiet_on
    where
        quiet_days.quiet_on is null
        and {{ dbt.position(
            "' ' || named_days.day_name || ' '", "' ' || coalesce(lower(channels.quiet_weekdays), '') || ' '"
        ) }} = 0
        and named_days.day_on >= coalesce(ways.starts_on, named_days.day_on)
        and named_days.day_on <= coalesce(ways.ends_on, named_days.day_on)
),

-- The wanted day has 0 days to go, the day before it 1; without a usual day of purchase all days are alike.
ranked as (
    select
        allowed.strategy_id,
        allowed.channel,
        usual_days.usual_weekday,
        allowed.day_on,
        row_number() over (
            partition by allowed.strategy_id, allowed.channel, usual_days.usual_weekday
            order by
                coalesce(
                    (
                        usual_days.days_after_monday - {{ (var("push_lead_days") | int) % 7 }} - allowed.days_after_monday + 14
                    ) % 7,
                    0
                ),
                allowed.day_on
        ) as place
    from allowed
    cross join usual_days
),

final as (
    select
        strategy_id,
        channel,
        usual_weekday,
        day_on as send_on
    from ranked
    where place = 1
)

select * from final
