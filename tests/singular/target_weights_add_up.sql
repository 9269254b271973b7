-- The factor is a weighted mean of gaps (claim 7 of the patent: the weights add up to 1); what is off is named with its sum.
select
    action_id,
    valid_from,
    sum(weight) as weights
from {{ ref('marketing_targets') }}
group by action_id, valid_from
having abs(sum(weight) - 1) > 0.000001
