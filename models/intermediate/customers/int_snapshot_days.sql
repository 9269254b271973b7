with clock as (
    select * from {{ ref('base_raw__clock') }}
),

-- Regular days do not move with the clock: what was learned from them stands until there is a new one.
placed_clock as (
    select
        as_of_date,
        data_begins_on,
        mod(
            {{ dbt.datediff("cast('1970-01-04' as date)", "as_of_date", "day") }},
            {{ (var("customer_snapshot_weeks") | int) * 7 }}
        ) as days_after_regular
    from clock
),

planned_days as (
    select
        as_of_date as snapshot_on,
        case when days_after_regular = 0 then 0 end as regular_number,
        as_of_date,
        data_begins_on
    from placed_clock
    {%- for number in range((var("customer_snapshots") | int) + 1) %}
    union all
    select
        cast(
            {{ dbt.dateadd("day", "-(days_after_regular + " ~ number * (var("customer_snapshot_weeks") | int) * 7 ~ ")", "as_of_date") }} as date
        ) as snapshot_on,
        {{ number }} as regular_number,
        as_of_date,
        data_begins_on
    from placed_clock
    {%- if number == 0 %}
    where days_after_regular > 0
    {%- endif %}
    {%- endfor %}
),

-- Of an earlier day little can be said whose windows began before the data.
final as (
    select
        snapshot_on,
        snapshot_on = as_of_date as is_current,
        cast(regular_number as bigint) as regular_number,
        data_begins_on,
        cast({{ dbt.dateadd("week", "-" ~ var("recent_weeks"), "snapshot_on") }} as date) as recent_after,
        cast({{ dbt.dateadd("week", "-" ~ var("active_weeks"), "snapshot_on") }} as date) as active_after,
        cast({{ dbt.dateadd("week", var("churn_weeks"), "snapshot_on") }} as date) as churn_window_ends_on,
        cast({{ dbt.dateadd("day", var("intent_days"), "snapshot_on") }} as date) as intent_window_ends_on,
        cast({{ dbt.dateadd("week", var("churn_weeks"), "snapshot_on") }} as date) <= as_of_date as has_churn_window,
        cast({{ dbt.dateadd("day", var("intent_days"), "snapshot_on") }} as date) <= as_of_date as has_intent_window
    from planned_days
    where
        snapshot_on = as_of_date
        or regular_number = 0
        or snapshot_on >= cast({{ dbt.dateadd("week", var("active_weeks"), "data_begins_on") }} as date)
)

select * from final
