{{ config(severity="warn") }}

-- Rows after as_of_date are no fault of the delivery: with a clock set back they are most of it.
with deliveries as (
    select * from {{ ref('raw_deliveries') }}
),

faulty_rows as (
    select
        table_name,
        sum(quarantined_rows) as faulty_rows
    from {{ ref('quarantine_reasons') }}
    where rejection_reason not like '%lies after as_of_date'
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
