with adjustments as (
    select
        *,
        case
            when ctr_weight > 0
                then
                    ', CTR ' || cast(cast(ctr_actual * 100 as decimal(18, 1)) as {{ dbt.type_string() }})
                    || ' % of ' || cast(cast(ctr_target * 100 as decimal(18, 1)) as {{ dbt.type_string() }}) || ' %'
            else ''
        end
        || case
            when cr_weight > 0
                then
                    ', CR ' || cast(cast(cr_actual * 100 as decimal(18, 1)) as {{ dbt.type_string() }})
                    || ' % of ' || cast(cast(cr_target * 100 as decimal(18, 1)) as {{ dbt.type_string() }}) || ' %'
            else ''
        end
        || case
            when apu_weight > 0
                then
                    ', APU ' || cast(cast(apu_actual as decimal(18, 2)) as {{ dbt.type_string() }})
                    || ' of ' || cast(cast(apu_target as decimal(18, 2)) as {{ dbt.type_string() }})
            else ''
        end
        || case
            when rpr_weight > 0
                then
                    ', RPR ' || cast(cast(rpr_actual * 100 as decimal(18, 1)) as {{ dbt.type_string() }})
                    || ' % of ' || cast(cast(rpr_target * 100 as decimal(18, 1)) as {{ dbt.type_string() }}) || ' %'
            else ''
        end as told_metrics
    from {{ ref('score_strategy_adjustments') }}
),

actions as (
    select * from {{ ref('marketing_actions') }}
),

final as (
    select
        adjustments.action_id,
        coalesce(actions.action_name, adjustments.action_id) as action_name,
        adjustments.measured_week,
        adjustments.decided_on,
        adjustments.campaigns,
        adjustments.customers,
        adjustments.conversions,
        adjustments.ctr_actual,
        adjustments.ctr_target,
        adjustments.ctr_weight,
        adjustments.ctr_gap,
        adjustments.cr_actual,
        adjustments.cr_target,
        adjustments.cr_weight,
        adjustments.cr_gap,
        adjustments.apu_actual,
        adjustments.apu_target,
        adjustments.apu_weight,
        adjustments.apu_gap,
        adjustments.rpr_actual,
        adjustments.rpr_target,
        adjustments.rpr_weight,
        adjustments.rpr_gap,
        adjustments.measured_metrics,
        adjustments.is_partial,
        adjustments.raw_adjustment_factor,
        adjustments.adjustment_factor,
        adjustments.strength_before,
        adjustments.strength_after,
        adjustments.is_changed,
        adjustments.decision,
        case
            when adjustments.adjustment_factor is null then 'nothing measured, '
            else
                cast(cast(abs(adjustments.adjustment_factor) * 100 as decimal(18, 1)) as {{ dbt.type_string() }})
                || case when adjustments.adjustment_factor < 0 then ' % above target (' else ' % below target (' end
                || substr(adjustments.told_metrics, 3)
                || '): '
                || adjustments.decision
                || case when adjustments.is_changed then ', from ' else ', ' end
        end
        || cast(cast(adjustments.strength_before as decimal(18, 2)) as {{ dbt.type_string() }})
        || case when adjustments.is_changed then ' to ' || cast(cast(adjustments.strength_after as decimal(18, 2)) as {{ dbt.type_string() }}) else '' end as reason
    from adjustments
    left join actions
        on adjustments.action_id = actions.action_id
)

select * from final
