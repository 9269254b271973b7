-- Every combination of demographics in the mart is shared by at least k_anonymity customers.
select
    age_band,
    gender,
    region,
    income_band,
    household_size,
    count(*) as customers
from {{ ref('customers') }}
where coalesce(age_band, gender, region, income_band, household_size) is not null
group by
    age_band,
    gender,
    region,
    income_band,
    household_size
having count(*) < {{ var("k_anonymity") }}
