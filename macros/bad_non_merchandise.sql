{% macro bad_non_merchandise() %}
{%- set rules = [
    (
        "coalesce(field, '') not in ('product_id', 'unnamed_product_id', 'product_name', 'category', 'subcategory')",
        "field is not known; expected product_id, unnamed_product_id, product_name, category or subcategory",
    ),
    (
        "coalesce(match, '') not in ('equals', 'starts_with', 'contains_word', 'matches')",
        "match is not known; expected equals, starts_with, contains_word or matches",
    ),
    ("coalesce(trim(value), '') = ''", "value is empty; expected what the field holds"),
    (
        "match = 'matches' and (" ~ dbt.position("'(?'", "value") ~ " > 0 or value <> replace(value, chr(92), ''))",
        "the pattern has a backslash or (?; expected what every engine reads, as [0-9] and [.]",
    ),
    (
        "coalesce(kind, '') not in ('postage', 'fee', 'discount', 'adjustment', 'deposit', 'voucher', 'fuel', 'sample', 'test', "
        ~ "'donation', 'unclassified', 'merchandise')",
        "kind is not known; expected postage, fee, discount, adjustment, deposit, voucher, fuel, sample, test, donation, "
        ~ "unclassified, or merchandise for an exception",
    ),
] -%}
select
    {{ dbt.concat(["field", "' '", "match", "' '", "value"]) }} as bad_row,
    'it is in more than one row; expected one' as complaint
from {{ ref("non_merchandise") }}
group by field, match, value
having count(*) > 1
{%- for condition, complaint in rules %}
union all
select
    {{ dbt.concat(["coalesce(field, '(empty)')", "' '", "coalesce(match, '(empty)')", "' '", "coalesce(value, '(empty)')"]) }} as bad_row,
    '{{ complaint }}' as complaint
from {{ ref("non_merchandise") }}
where {{ condition }}
{%- endfor %}
{%- endmacro %}
