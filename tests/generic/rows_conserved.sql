{% test rows_conserved(model, source, staged, quarantined) %}
-- No row may vanish on its way: what was delivered is checked, and is then either staged or in quarantine.
with counts as (
    select
        (select count(*) from {{ source }}) as delivered_rows,
        (select count(*) from {{ model }}) as checked_rows,
        (select count(*) from {{ staged }}) as staged_rows,
        (select count(*) from {{ quarantined }}) as quarantined_rows
)

select *
from counts
where
    delivered_rows <> checked_rows
    or delivered_rows <> staged_rows + quarantined_rows
{% endtest %}
