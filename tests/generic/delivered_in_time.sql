{% test delivered_in_time(model, column_name) %}
-- Rows of the newest part that lie more than late_days before the newest day that was delivered with the parts before it. They are
-- taken all the same; their weeks are made anew.
with valid_rows as (
    select
        {{ business_date(column_name) }} as observed_on,
        raw_row_number
    from {{ model }}
    where
        contract_rejection is null
        and {{ business_date(column_name) }} <= {{ as_of_date() }}
),

newest_part as (
    select {{ raw_rows_per_part() }} * floor((max(raw_row_number) - 1) / {{ raw_rows_per_part() }}) as rows_before
    from valid_rows
),

day_before as (
    select max(valid_rows.observed_on) as newest_observed_on
    from valid_rows
    cross join newest_part
    where valid_rows.raw_row_number <= newest_part.rows_before
)

select
    valid_rows.raw_row_number,
    valid_rows.observed_on
from valid_rows
cross join newest_part
cross join day_before
where
    valid_rows.raw_row_number > newest_part.rows_before
    and valid_rows.observed_on < {{ dbt.dateadd("day", -1 * var("late_days"), "day_before.newest_observed_on") }}
{% endtest %}
