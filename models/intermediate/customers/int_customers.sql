with customers as (
    select * from {{ ref('stg_raw__customers') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

events as (
    select * from {{ ref('int_events') }}
    where not is_bot
),

touches as (
    select * from {{ ref('stg_raw__campaign_touches') }}
),

feedback as (
    select * from {{ ref('stg_raw__feedback') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

-- A registration that lies after the clock was not known then.
appearances as (
    select
        customers.customer_id,
        case when {{ business_date("customers.registered_at") }} <= clock.as_of_date then {{ business_date("customers.registered_at") }} end
            as appeared_on
    from customers
    cross join clock
    union all
    select
        customer_id,
        ordered_on as appeared_on
    from orders
    union all
    select
        customer_id,
        occurred_on as appeared_on
    from events
    union all
    select
        customer_id,
        {{ business_date("touched_at") }} as appeared_on
    from touches
    union all
    select
        customer_id,
        {{ business_date("submitted_at") }} as appeared_on
    from feedback
),

known as (
    select
        customer_id,
        min(appeared_on) as known_since
    from appearances
    where customer_id is not null
    group by customer_id
),

final as (
    select
        -- ids
        known.customer_id,

        -- text
        customers.age_band,
        customers.gender,
        customers.region,
        customers.income_band,
        customers.household_size,

        -- numerics
        customers.birth_year,

        -- booleans
        customers.customer_id is not null as is_listed,

        -- dates
        known.known_since,
        {{ business_date("customers.registered_at") }} as registered_on
    from known
    left join customers
        on known.customer_id = customers.customer_id
)

select * from final
