from upswing import engine
from upswing.marketing.campaign_rates import RateParameters, campaign_rates
from upswing.one_thread import hold_one_thread


def model(dbt, session):
    hold_one_thread()
    parameters = RateParameters(**dbt.config.meta_get("parameters"))
    return campaign_rates(engine.read(dbt.ref("score_campaign_weeks")), parameters)
