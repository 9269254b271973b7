with anomalies as (
    select * from {{ ref('score_sales_anomalies') }}
),

evidence as (
    select * from {{ ref('score_anomaly_evidence') }}
),

forecast_series as (
    select * from {{ ref('int_forecast_series') }}
),

whole_weeks as (
    select * from {{ ref('int_whole_weeks') }}
),

-- A level shift is told from a spike once it has lasted for recent_weeks weeks.
dated as (
    select
        *,
        case when score > 0 then 1 else -1 end as direction,
        case
            when anomaly_kind = 'level_shift'
                then cast({{ dbt.dateadd("week", var("recent_weeks") | int - 1, "week_starting") }} as date)
            else week_starting
        end as told_in
    from anomalies
),

explained as (
    select
        dated.*,
        forecast_series.category,
        forecast_series.product_id,
        evidence.promoted_share,
        evidence.usual_promoted_share,
        evidence.promotion_reach,
        evidence.usual_promotion_reach,
        evidence.price_change,
        evidence.stock_out_share,
        evidence.rival_price_cut,
        evidence.rival_price_rise,
        dated.told_in > (
            select cast({{ dbt.dateadd("week", "-" ~ var("recent_weeks"), "max(whole_weeks.week_starting)") }} as date)
            from whole_weeks
        ) as is_new,
        coalesce(
            dated.direction = -1 and evidence.stock_out_share >= {{ var("anomaly_stock_share") }}, false
        ) as is_stock,
        coalesce(
            round(dated.direction * (evidence.promoted_share - evidence.usual_promoted_share), 6)
            >= {{ var("anomaly_promotion_change") }},
            false
        ) as is_promoted_share,
        coalesce(
            round(dated.direction * (evidence.promotion_reach - evidence.usual_promotion_reach), 6)
            >= {{ var("anomaly_promotion_change") }},
            false
        ) as is_promotion_reach,
        coalesce(
            -dated.direction * evidence.price_change >= {{ var("anomaly_price_change") }}, false
        ) as is_price,
        coalesce(
            case when dated.direction = -1 then -evidence.rival_price_cut else evidence.rival_price_rise end
            >= {{ var("anomaly_price_change") }},
            false
        ) as is_rival
    from dated
    inner join forecast_series
        on
            dated.series_level = forecast_series.series_level
            and dated.series_id = forecast_series.series_id
    left join evidence
        on
            dated.series_level = evidence.series_level
            and dated.series_id = evidence.series_id
            and dated.week_starting = evidence.week_starting
            and dated.anomaly_kind = evidence.anomaly_kind
),

category_weeks as (
    select distinct
        series_id,
        week_starting,
        direction
    from dated
    where series_level = 'category'
),

caused as (
    select
        explained.*,
        category_weeks.series_id is not null as is_with_category,
        case
            when explained.is_stock then 'stock'
            when explained.is_promoted_share or explained.is_promotion_reach then 'promotion'
            when explained.is_price then 'price'
            when explained.is_rival then 'rival'
            else 'none known'
        end as probable_cause
    from explained
    left join category_weeks
        on
            explained.category = category_weeks.series_id
            and explained.week_starting = category_weeks.week_starting
            and explained.direction = category_weeks.direction
            and explained.series_level = 'product'
),

worded as (
    select
        *,
        cast(cast(round(100 * abs(promoted_share)) as bigint) as {{ dbt.type_string() }}) || ' %' as promoted_share_words,
        cast(cast(round(100 * abs(usual_promoted_share)) as bigint) as {{ dbt.type_string() }}) || ' %' as usual_promoted_share_words,
        cast(cast(round(100 * abs(promotion_reach)) as bigint) as {{ dbt.type_string() }}) || ' %' as promotion_reach_words,
        cast(cast(round(100 * abs(usual_promotion_reach)) as bigint) as {{ dbt.type_string() }}) || ' %' as usual_promotion_reach_words,
        cast(cast(round(100 * abs(price_change)) as bigint) as {{ dbt.type_string() }}) || ' %' as price_change_words,
        cast(cast(round(100 * abs(stock_out_share)) as bigint) as {{ dbt.type_string() }}) || ' %' as stock_out_share_words,
        cast(cast(round(100 * abs(rival_price_cut)) as bigint) as {{ dbt.type_string() }}) || ' %' as rival_price_cut_words,
        cast(cast(round(100 * abs(rival_price_rise)) as bigint) as {{ dbt.type_string() }}) || ' %' as rival_price_rise_words
    from caused
),

final as (
    select
        series_level,
        series_id,
        category,
        product_id,
        week_starting,
        anomaly_kind,
        observed,
        expected,
        revenue_effect,
        weeks_affected,
        score,
        q_value,
        probable_cause,
        case
            when probable_cause = 'stock' and series_level = 'product' then 'out of stock'
            when probable_cause = 'stock'
                then 'out of stock: products that brought ' || stock_out_share_words || ' of the revenue before'
            when is_promoted_share and probable_cause = 'promotion'
                then
                    promoted_share_words || ' of the units on promotion, '
                    || usual_promoted_share_words || ' before'
            when probable_cause = 'promotion'
                then
                    'on display or in a mailer in ' || promotion_reach_words || ' of the stores, '
                    || usual_promotion_reach_words || ' before'
            when probable_cause = 'price' and direction = 1
                then 'price paid ' || price_change_words || ' lower than before'
            when probable_cause = 'price'
                then 'price paid ' || price_change_words || ' higher than before'
            when probable_cause = 'rival' and direction = 1
                then 'a rival asks ' || rival_price_rise_words || ' more than before'
            when probable_cause = 'rival'
                then 'a rival asks ' || rival_price_cut_words || ' less than before'
            when is_with_category and direction = 1 then 'its whole category rose in this week'
            when is_with_category then 'its whole category fell in this week'
            else 'no change of stock, promotion, price or rival is known'
        end as cause_evidence,
        is_new,

        -- what the cause was judged by
        promoted_share,
        usual_promoted_share,
        promotion_reach,
        usual_promotion_reach,
        price_change,
        stock_out_share,
        rival_price_cut,
        rival_price_rise
    from worded
)

select * from final
