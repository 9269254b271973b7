-- Every visit meets every row of the thresholds: a second would double the visits, none would lose them.
with counted as (
    select count(*) as threshold_rows from {{ ref('visit_audit_thresholds') }}
)

select threshold_rows
from counted
where threshold_rows <> 1
