{%- set table_names = [
    "order_lines", "products", "customers", "promotions", "events", "campaigns", "campaign_touches", "feedback",
    "opt_outs", "competitor_prices", "inventory", "opportunities", "visits",
] -%}

with clock as (
    select * from {{ ref('base_raw__clock') }}
),

deliveries as (
    select * from {{ source('raw_control', 'deliveries') }}
),

delivered_rows as (
    {%- for table_name in table_names %}
    select
        '{{ table_name }}' as table_name,
        count(*) as rows_delivered
    from {{ source('raw', table_name) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

-- Tables of the contract without a day of observation are never behind.
parsed_rows as (
    {%- for table_name in table_names %}
    {%- set parsed = ref('parsed_raw__' ~ table_name) %}
    {%- set observed = (raw_contract(table_name).columns | selectattr("observed") | first) if execute %}
    {%- set day = day_of(observed, observed.name) if observed %}
    select
        '{{ table_name }}' as table_name,
        count(*) as rows_parsed,
        {% if observed -%}
        max(case when contract_rejection is null and {{ day }} <= (select clock.as_of_date from clock) then {{ day }} end)
        {%- else -%}
        cast(null as date)
        {%- endif %} as latest_observed_on
    from {{ parsed }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

quarantined_rows as (
    {%- for table_name in table_names %}
    select
        '{{ table_name }}' as table_name,
        count(*) as rows_quarantined
    from {{ ref('quarantine_' ~ table_name) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

checked_rows as (
    select
        parsed_rows.table_name,
        parsed_rows.latest_observed_on,
        parsed_rows.rows_parsed - quarantined_rows.rows_quarantined as rows_staged,
        quarantined_rows.rows_quarantined
    from parsed_rows
    inner join quarantined_rows
        on parsed_rows.table_name = quarantined_rows.table_name
),

final as (
    select
        deliveries.table_name,
        deliveries.is_present,
        deliveries.location,
        cast(delivered_rows.rows_delivered as bigint) as rows_delivered,
        cast(coalesce(checked_rows.rows_staged, 0) as bigint) as rows_staged,
        cast(coalesce(checked_rows.rows_quarantined, 0) as bigint) as rows_quarantined,
        case
            when delivered_rows.rows_delivered > 0
                then cast(checked_rows.rows_quarantined as double) / delivered_rows.rows_delivered
        end as quarantined_share,
        checked_rows.latest_observed_on,
        cast({{ dbt.datediff("checked_rows.latest_observed_on", "clock.as_of_date", "day") }} as bigint) as days_behind,
        clock.as_of_date
    from deliveries
    cross join clock
    inner join delivered_rows
        on deliveries.table_name = delivered_rows.table_name
    inner join checked_rows
        on deliveries.table_name = checked_rows.table_name
)

select * from final
