with scores as (
    select * from {{ ref('score_customers') }}
    where churn_probability is not null
),

snapshots as (
    select * from {{ ref('int_customer_snapshots') }}
    where is_current
),

measured as (
    select
        scores.customer_id,
        scores.churn_probability,
        coalesce(scores.churn_probability >= scores.usual_churn_probability, false) as is_above_usual,
        scores.churn_probability
        * greatest(snapshots.revenue_active, 0)
        * {{ var("churn_weeks") }} / snapshots.active_weeks_in_data as revenue_at_risk
    from scores
    inner join snapshots
        on scores.customer_id = snapshots.customer_id
),

-- Those with most to lose come first, among those who are lost more probably than usual.
placed as (
    select
        *,
        is_above_usual and revenue_at_risk > 0 as is_candidate,
        row_number() over (
            order by
                case when is_above_usual and revenue_at_risk > 0 then 0 else 1 end,
                round(revenue_at_risk, 2) desc, churn_probability desc, customer_id asc
        ) as place,
        count(*) over () as active_customers
    from measured
),

final as (
    select
        customer_id,
        cast(round(revenue_at_risk, 2) as double) as revenue_at_risk,
        is_candidate and place <= ceil(active_customers * {{ var("churn_risk_share") }}) as is_churn_risk
    from placed
)

select * from final
