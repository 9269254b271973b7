{% macro bad_marketing_conditions() %}
{%- set comparisons = marketing_comparisons().keys() | list -%}
with stated_conditions as (
    select
        conditions.*,
        actions.action_id is not null as is_known_action,
        actions.audience,
        {{ dbt.concat([
            "'action '",
            "coalesce(conditions.action_id, '(empty)')",
            "', condition '",
            "coalesce(conditions.subject, '(empty)')",
            "' '",
            "coalesce(conditions.feature, '(empty)')",
            "' '",
            "coalesce(conditions.comparison, '(empty)')",
            "' '",
            "coalesce(conditions.value, '(empty)')",
        ]) }} as bad_row
    from {{ ref('marketing_conditions') }} as conditions
    left join {{ ref('marketing_actions') }} as actions
        on conditions.action_id = actions.action_id
),

complaints as (
    select
        bad_row,
        'the action does not exist; expected one of seeds/marketing_actions.csv' as complaint
    from stated_conditions
    where not is_known_action
    union all
    select
        bad_row,
        'the subject is not known; expected customer or product' as complaint
    from stated_conditions
    where coalesce(subject, '') not in ('customer', 'product')
    union all
    select
        bad_row,
        'a condition on products, but the action is for customers; expected customer' as complaint
    from stated_conditions
    where subject = 'product' and audience = 'customers'
    union all
    select
        bad_row,
        'the comparison is not known; expected one of {{ comparisons | join(", ") }}' as complaint
    from stated_conditions
    where coalesce(comparison, '') not in ('{{ comparisons | join("', '") }}')
    union all
    select
        bad_row,
        'the value is empty; expected a number or a word' as complaint
    from stated_conditions
    where coalesce(trim(value), '') = ''
    {%- for subject in ["customer", "product"] %}
    {%- set features = marketing_features(subject) %}
    union all
    select
        bad_row,
        'a {{ subject }} has no such feature; expected one of {{ (features.numbers + features.words) | join(", ") }}' as complaint
    from stated_conditions
    where subject = '{{ subject }}' and coalesce(feature, '') not in ('{{ (features.numbers + features.words) | join("', '") }}')
    union all
    select
        bad_row,
        'the feature is a number; expected a value such as 3 or 0.25' as complaint
    from stated_conditions
    where
        subject = '{{ subject }}'
        and feature in ('{{ features.numbers | join("', '") }}')
        and trim(value) <> '' and try_cast(value as double) is null
    union all
    select
        bad_row,
        'the feature is a word; expected the comparison is or is_not' as complaint
    from stated_conditions
    where
        subject = '{{ subject }}'
        and feature in ('{{ features.words | join("', '") }}')
        and comparison in ('{{ comparisons | reject("in", ["is", "is_not"]) | join("', '") }}')
    {%- endfor %}
    union all
    select
        bad_row,
        'it stands there twice; expected once' as complaint
    from stated_conditions
    group by bad_row
    having count(*) > 1
    union all
    select
        {{ dbt.concat(["'action '", "actions.action_id"]) }} as bad_row,
        'no condition says for whom it is, or of which product; expected one on a customer or, for products, on a product' as complaint
    from {{ ref('marketing_actions') }} as actions
    left join stated_conditions
        on
            actions.action_id = stated_conditions.action_id
            and stated_conditions.subject = case when actions.audience = 'products' then 'product' else 'customer' end
    where stated_conditions.action_id is null
)

select
    bad_row,
    complaint
from complaints
{%- endmacro %}
