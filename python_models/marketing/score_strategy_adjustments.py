from upswing import engine
from upswing.marketing.strategy_adjustments import AdjustmentParameters, adjust_strategies


def model(dbt, session):
    parameters = AdjustmentParameters(**dbt.config.meta_get("parameters"))
    weeks = engine.read(dbt.ref("int_action_campaign_weeks"))
    return adjust_strategies(weeks, engine.read(dbt.ref("marketing_targets")), parameters)
