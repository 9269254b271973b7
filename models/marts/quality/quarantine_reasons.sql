{%- set table_names = [
    "order_lines", "products", "customers", "promotions", "events", "campaigns", "campaign_touches", "feedback",
    "opt_outs", "competitor_prices", "inventory", "opportunities", "visits",
] -%}

with rejected_rows as (
    {%- for table_name in table_names %}
    select
        '{{ table_name }}' as table_name,
        rejection_reason
    from {{ ref('quarantine_' ~ table_name) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

final as (
    select
        table_name,
        rejection_reason,
        count(*) as quarantined_rows
    from rejected_rows
    group by table_name, rejection_reason
)

select * from final
