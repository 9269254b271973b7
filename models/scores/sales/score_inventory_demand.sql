-- How far the quantiles that the forecasts report lie above the mean, in standard deviations: of 90 % and of 97.5 %.
{%- set above_80 = 1.2816 %}
{%- set above_95 = 1.96 %}
-- Thirteen weeks say only roughly how much a product varies; so much of what such products vary on average stands beside its own.
{%- set pooled_weight = 0.25 %}

with stock_levels as (
    select * from {{ ref('int_stock_levels') }}
),

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

product_forecasts as (
    select * from {{ ref('score_sales_forecasts') }}
    where series_level = 'product'
),

clock as (
    select
        as_of_date,
        cast({{ dbt.dateadd("week", "-" ~ var("active_weeks"), "as_of_date") }} as date) as active_after
    from {{ ref('base_raw__clock') }}
),

counted_lines as (
    select
        product_id,
        store_id,
        ordered_on,
        case when {{ is_bought("quantity", "net_amount") }} then ordered_on end as sold_on,
        case
            when ordered_on > (select clock.active_after from clock) then cast(quantity as decimal(18, 4))
            else 0
        end as active_quantity
    from order_lines
    where
        product_id in (select stock_levels.product_id from stock_levels)
        and ordered_on <= (select clock.as_of_date from clock)
),

store_sales as (
    select
        product_id,
        store_id,
        sum(active_quantity) as units,
        min(sold_on) as first_sold_on,
        max(sold_on) as last_sold_on
    from counted_lines
    group by product_id, store_id
),

company_sales as (
    select
        product_id,
        greatest(cast(sum(units) as double), 0) as units,
        min(first_sold_on) as first_sold_on,
        max(last_sold_on) as last_sold_on
    from store_sales
    group by product_id
),

-- Of the whole company all its sales, of a store its own.
sold as (
    select
        stock_levels.product_id,
        stock_levels.store_id,
        stock_levels.on_hand,
        stock_levels.lead_time_days,
        case
            when stock_levels.store_id is null then company_sales.units
            else greatest(coalesce(cast(store_sales.units as double), 0), 0)
        end as units,
        case
            when stock_levels.store_id is null then 1
            when company_sales.units > 0
                then least(greatest(coalesce(cast(store_sales.units as double), 0), 0) / company_sales.units, 1)
            else 0
        end as demand_share,
        case when stock_levels.store_id is null then company_sales.last_sold_on else store_sales.last_sold_on end
            as last_sold_on,
        {{ dbt.datediff("company_sales.first_sold_on", "(select clock.as_of_date from clock)", "day") }} + 1
            as days_since_first_sale
    from stock_levels
    left join company_sales
        on stock_levels.product_id = company_sales.product_id
    left join store_sales
        on
            stock_levels.product_id = store_sales.product_id
            and stock_levels.store_id = store_sales.store_id
),

forecasts as (
    select
        product_id,
        model_version,
        {{ dbt.datediff("(select clock.as_of_date from clock)", "week_starting", "day") }} as first_day,
        greatest(forecast_units, 0) as units,
        case when forecast > 0 then forecast_units / forecast else 0 end
        * ((upper_80 - forecast) / {{ above_80 }} + (upper_95 - forecast) / {{ above_95 }}) / 2 as spread
    from product_forecasts
    where forecast_units is not null
),

-- A week of the forecast: its first day, counted from tomorrow as day 1, and mean and variance of a day. A forecast without bounds
-- says nothing of its spread: its demand is Poisson.
forecast_days as (
    select
        product_id,
        model_version,
        first_day,
        units / 7 as units,
        coalesce(spread * spread, units) / 7 as variance
    from forecasts
),

-- Until the delivery of what is ordered today; until that of what is ordered at the next review; as far as is forecast.
spans as (
    select
        'delivery' as span,
        product_id,
        store_id,
        lead_time_days as span_days
    from sold
    union all
    select
        'protection' as span,
        product_id,
        store_id,
        lead_time_days + {{ var("order_review_days") }} as span_days
    from sold
    union all
    select
        'horizon' as span,
        product_id,
        store_id,
        cast({{ 7 * var("forecast_weeks") }} as double) as span_days
    from sold
),

shelf_weeks as (
    select
        spans.span,
        spans.product_id,
        spans.store_id,
        spans.span_days,
        forecast_days.units,
        forecast_days.variance,
        forecast_days.model_version,
        greatest(
            least(spans.span_days, forecast_days.first_day + 6) - greatest(forecast_days.first_day, 1) + 1, 0
        ) as days_in_week
    from spans
    inner join forecast_days
        on spans.product_id = forecast_days.product_id
),

forecast_demand as (
    select
        span,
        product_id,
        store_id,
        max(model_version) as model_version,
        sum(cast(units * days_in_week as decimal(38, 8))) as units,
        sum(cast(variance * days_in_week as decimal(38, 8))) as variance,
        max(span_days) / nullif(sum(days_in_week), 0) as stretch
    from shelf_weeks
    group by span, product_id, store_id
),

-- Without a forecast, the rate of the last active weeks, of a new product since its first sale.
rates as (
    select
        product_id,
        store_id,
        units as units_seen,
        greatest(least(days_since_first_sale, {{ 7 * var("active_weeks") }}), 7) as days_seen
    from sold
    where
        units > 0
        and product_id not in (select forecasts.product_id from forecasts)
),

week_sums as (
    select
        product_id,
        cast(sum(cast(units as decimal(28, 4))) as double) as units,
        cast(sum(cast(units * units as decimal(38, 8))) as double) as squared_units
    from product_weeks
    where
        week_starting > (select clock.active_after from clock)
        and week_starting <= (select clock.as_of_date from clock)
    group by product_id
),

products_seen as (
    select distinct
        product_id,
        greatest(ceil(days_seen / 7.0), 2) as weeks_seen
    from rates
),

-- How many times the variance of its weeks is the mean: 1 where demand is Poisson, more where it comes in clumps.
clumpings as (
    select
        products_seen.product_id,
        case
            when week_sums.units > 0
                then
                    greatest(
                        (week_sums.squared_units - week_sums.units * week_sums.units / products_seen.weeks_seen)
                        / (products_seen.weeks_seen - 1)
                        / (week_sums.units / products_seen.weeks_seen),
                        1
                    )
            else 1
        end as clumping
    from products_seen
    left join week_sums
        on products_seen.product_id = week_sums.product_id
),

usual_clumping as (
    select cast(avg(cast(clumping as decimal(28, 6))) as double) as clumping
    from clumpings
),

rated_spans as (
    select
        spans.span,
        spans.product_id,
        spans.store_id,
        rates.units_seen,
        rates.units_seen / rates.days_seen * spans.span_days as units,
        {{ 1 - pooled_weight }} * clumpings.clumping
        + {{ pooled_weight }} * (select usual_clumping.clumping from usual_clumping) as clumping
    from spans
    inner join rates
        on
            spans.product_id = rates.product_id
            and coalesce(spans.store_id, '') = coalesce(rates.store_id, '')
    inner join clumpings
        on spans.product_id = clumpings.product_id
),

-- A rate seen on so many units is itself known only so well: a gamma prior updated by them adds the mean squared over the units.
rated_demand as (
    select
        span,
        product_id,
        store_id,
        units,
        clumping * (units + units * units / units_seen) as variance
    from rated_spans
),

-- Beyond the last week of a forecast demand goes on as on average before. A store has its share of the mean and of the variance.
demand as (
    select
        sold.product_id,
        sold.store_id,
        spans.span,
        forecast_demand.model_version,
        case
            when forecast_demand.product_id is not null then 'forecast'
            when sold.units > 0 then 'recent sales'
            else 'no sales'
        end as demand_source,
        spans.span_days,
        case
            when forecast_demand.product_id is not null
                then sold.demand_share * cast(forecast_demand.units as double) * coalesce(forecast_demand.stretch, 0)
            else coalesce(rated_demand.units, 0)
        end as units,
        case
            when forecast_demand.product_id is not null
                then sold.demand_share * cast(forecast_demand.variance as double) * coalesce(forecast_demand.stretch, 0)
            else coalesce(rated_demand.variance, 0)
        end as variance
    from sold
    inner join spans
        on
            sold.product_id = spans.product_id
            and coalesce(sold.store_id, '') = coalesce(spans.store_id, '')
    left join forecast_demand
        on
            spans.span = forecast_demand.span
            and spans.product_id = forecast_demand.product_id
            and coalesce(spans.store_id, '') = coalesce(forecast_demand.store_id, '')
    left join rated_demand
        on
            spans.span = rated_demand.span
            and spans.product_id = rated_demand.product_id
            and coalesce(spans.store_id, '') = coalesce(rated_demand.store_id, '')
),

by_shelf as (
    select
        product_id,
        store_id,
        max(model_version) as model_version,
        max(demand_source) as demand_source,
        max(case when span = 'delivery' then units end) as delivery_units,
        max(case when span = 'delivery' then variance end) as delivery_variance,
        max(case when span = 'protection' then units end) as protection_units,
        max(case when span = 'protection' then variance end) as protection_variance,
        max(case when span = 'horizon' then units / span_days end) as daily_demand
    from demand
    group by product_id, store_id
),

final as (
    select
        sold.product_id,
        sold.store_id,
        sold.on_hand,
        sold.last_sold_on,
        by_shelf.demand_source,
        by_shelf.model_version,
        round(sold.demand_share, 6) as demand_share,
        round(by_shelf.daily_demand, 6) as daily_demand,
        round(by_shelf.delivery_units, 6) as delivery_units,
        round(by_shelf.delivery_variance, 6) as delivery_variance,
        round(by_shelf.protection_units, 6) as protection_units,
        round(by_shelf.protection_variance, 6) as protection_variance
    from sold
    inner join by_shelf
        on
            sold.product_id = by_shelf.product_id
            and coalesce(sold.store_id, '') = coalesce(by_shelf.store_id, '')
)

select * from final
