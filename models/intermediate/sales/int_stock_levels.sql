with inventory as (
    select * from {{ ref('stg_raw__inventory') }}
),

non_merchandise as (
    select product_id from {{ ref('int_products') }}
    where non_merchandise_kind is not null
),

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

clock as (
    select as_of_date from {{ ref('base_raw__clock') }}
),

counts as (
    select
        *,
        (select clock.as_of_date from clock) as as_of_date
    from inventory
    where
        counted_on <= (select clock.as_of_date from clock)
        and product_id not in (select non_merchandise.product_id from non_merchandise)
),

compared as (
    select
        product_id,
        store_id,
        counted_on,
        as_of_date,
        on_hand as counted_units,
        row_number() over (partition by product_id, store_id order by counted_on desc) as count_number,
        max(on_hand) over (
            partition by product_id, store_id order by counted_on rows between {{ var("compared_counts") }} preceding and 1 preceding
        ) as most_before,
        count(*) over (
            partition by product_id, store_id order by counted_on rows between {{ var("compared_counts") }} preceding and 1 preceding
        ) as counts_before
    from counts
),

-- A supplier's time is known from the newest count that says it.
lead_times as (
    select
        product_id,
        store_id,
        lead_time_days,
        row_number() over (partition by product_id, store_id order by counted_on desc) as count_number
    from counts
    where lead_time_days is not null
),

newest as (
    select
        compared.product_id,
        compared.store_id,
        compared.counted_on,
        compared.as_of_date,
        compared.counted_units,
        lead_times.lead_time_days,
        -- What had next to nothing may well have been filled up.
        compared.counts_before >= {{ var("min_compared_counts") }}
        and compared.most_before >= {{ var("min_compared_units") }}
        and compared.counted_units > {{ var("max_count_multiple") }} * compared.most_before as is_doubtful
    from compared
    left join lead_times
        on
            compared.product_id = lead_times.product_id
            and coalesce(compared.store_id, '') = coalesce(lead_times.store_id, '')
            and lead_times.count_number = 1
    where compared.count_number = 1
),

sold_since as (
    select
        newest.product_id,
        newest.store_id,
        sum(cast(order_lines.quantity as decimal(18, 4))) as units
    from newest
    inner join order_lines
        on
            newest.product_id = order_lines.product_id
            and newest.counted_on < order_lines.ordered_on
    where
        newest.store_id is null
        or newest.store_id = order_lines.store_id
    group by newest.product_id, newest.store_id
),

final as (
    select
        newest.product_id,
        newest.store_id,
        newest.counted_on,
        {{ dbt.datediff("newest.counted_on", "newest.as_of_date", "day") }} as count_age_days,
        newest.counted_units,
        newest.is_doubtful,
        cast(coalesce(sold_since.units, 0) as double) as sold_since_count,
        greatest(newest.counted_units, 0) as on_hand,
        coalesce(newest.lead_time_days, {{ var("default_lead_time_days") }}) as lead_time_days,
        newest.lead_time_days is null as is_default_lead_time
    from newest
    left join sold_since
        on
            newest.product_id = sold_since.product_id
            and coalesce(newest.store_id, '') = coalesce(sold_since.store_id, '')
)

select * from final
