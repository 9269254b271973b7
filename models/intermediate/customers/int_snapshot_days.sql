with clock as (
    select * from {{ ref('base_raw__clock') }}
),

planned_days as (
    {%- for number in range((var("customer_snapshots") | int) + 1) %}
    select
        cast({{ dbt.dateadd("week", -number * (var("customer_snapshot_weeks") | int), "as_of_date") }} as date) as snapshot_on,
        {{ "true" if number == 0 else "false" }} as is_current,
        as_of_date,
        data_begins_on
    from clock
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

-- Of an earlier day nothing can be said whose windows began before the data.
final as (
    select
        snapshot_on,
        is_current,
        cast({{ dbt.dateadd("week", "-" ~ var("recent_weeks"), "snapshot_on") }} as date) as recent_after,
        cast({{ dbt.dateadd("week", "-" ~ var("active_weeks"), "snapshot_on") }} as date) as active_after,
        cast({{ dbt.dateadd("week", var("churn_weeks"), "snapshot_on") }} as date) as churn_window_ends_on,
        cast({{ dbt.dateadd("day", var("intent_days"), "snapshot_on") }} as date) as intent_window_ends_on,
        cast({{ dbt.dateadd("week", var("churn_weeks"), "snapshot_on") }} as date) <= as_of_date as has_churn_window,
        cast({{ dbt.dateadd("day", var("intent_days"), "snapshot_on") }} as date) <= as_of_date as has_intent_window
    from planned_days
    where
        is_current
        or snapshot_on >= cast({{ dbt.dateadd("week", var("active_weeks"), "data_begins_on") }} as date)
)

select * from final
