{% macro bad_marketing_actions() %}
{%- set actions = ref("marketing_actions") -%}
{%- set rules = [
    (
        "coalesce(action_id, '') = '' or regexp_replace(action_id, '^[a-z0-9_]+$', '') <> ''",
        "action_id is empty or has other signs; expected small letters, digits and _",
    ),
    ("coalesce(action_name, '') = ''", "action_name is empty; expected what people call the action"),
    ("is_enabled is null", "is_enabled is empty; expected true or false"),
    ("coalesce(priority, 0) < 1", "priority is empty or below 1; expected a whole number, 1 first"),
    ("coalesce(audience, '') not in ('customers', 'products')", "audience is not known; expected customers or products"),
    ("coalesce(channel, '') = ''", "channel is empty; expected a channel of seeds/marketing_channels.csv"),
    (
        "coalesce(offer_kind, '') not in "
        ~ "('discount', 'gift', 'exclusive_picks', 'priority_service', 'reminder', 'clearance', 'price_match')",
        "offer_kind is not known; expected discount, gift, exclusive_picks, priority_service, reminder, clearance or price_match",
    ),
    ("coalesce(discount_depth, -1) not between 0 and 1", "discount_depth is no share; expected a number from 0 to 1, as 0.1 for 10 %"),
    ("coalesce(max_discount, -1) not between 0 and 1", "max_discount is no share; expected a number from 0 to 1, as 0.2 for 20 %"),
    ("max_discount < discount_depth", "max_discount is below discount_depth; expected at least as much"),
    (
        "coalesce(product_choice, '') not in ('recommended', 'matched', 'none')",
        "product_choice is not known; expected recommended, matched or none",
    ),
    (
        "(audience = 'products') <> (product_choice = 'matched')",
        "product_choice does not go with the audience; expected matched for products, recommended or none for customers",
    ),
    (
        "offer_kind in ('clearance', 'price_match') and audience = 'customers'",
        "offer_kind is of a product; expected the audience products, or another offer",
    ),
    ("repeat_after_days < 1", "repeat_after_days is below 1; expected a whole number of days, or nothing for each push week"),
    ("weekly_budget < 0", "weekly_budget is below 0; expected money, or nothing for no bound"),
    ("coalesce(control_share, -1) not between 0 and 0.5", "control_share is no such share; expected a number from 0 to 0.5"),
    ("coalesce(message_en, '') = '' or coalesce(message_zh, '') = ''", "a message is empty; expected one in each language"),
] -%}
select
    {{ dbt.concat(["'action '", "coalesce(action_id, '(empty)')"]) }} as bad_row,
    'it stands in more than one row; expected one' as complaint
from {{ actions }}
group by action_id
having count(*) > 1
{%- for channel in ["channel", "other_channel"] %}
union all
select
    {{ dbt.concat(["'action '", "coalesce(actions.action_id, '(empty)')"]) }} as bad_row,
    {{ dbt.concat(["'there is no channel '", "actions." ~ channel, "'; expected one of seeds/marketing_channels.csv in " ~ channel ~ "'"]) }}
        as complaint
from {{ actions }} as actions
left join {{ ref("marketing_channels") }} as channels
    on actions.{{ channel }} = channels.channel
where actions.{{ channel }} is not null and channels.channel is null
{%- endfor %}
{%- for condition, complaint in rules %}
union all
select
    {{ dbt.concat(["'action '", "coalesce(action_id, '(empty)')"]) }} as bad_row,
    '{{ complaint }}' as complaint
from {{ actions }}
where {{ condition }}
{%- endfor %}
{%- endmacro %}
