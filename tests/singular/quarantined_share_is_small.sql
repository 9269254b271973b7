{{ config(severity="warn") }}

-- That a row lies after as_of_date is no fault of the delivery: with a clock set back most of it does. A row with another fault counts.
with deliveries as (
    select * from {{ ref('raw_deliveries') }}
),

faulty_rows as (
    select
        table_name,
        sum(quarantined_rows) as faulty_rows
    from {{ ref('quarantine_reasons') }}
    where
        (length(rejection_reason) - length(replace(rejection_reason, 'lies after as_of_date', ''))) / length('lies after as_of_date')
        < 1 + (length(rejection_reason) - length(replace(rejection_reason, '; ', ''))) / length('; ')
    group by table_name
)

select
    deliveries.table_name,
    faulty_rows.faulty_rows,
    deliveries.rows_delivered
from deliveries
inner join faulty_rows
    on deliveries.table_name = faulty_rows.table_name
where faulty_rows.faulty_rows > {{ var("quarantine_warn_share") }} * deliveries.rows_delivered
