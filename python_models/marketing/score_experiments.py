from upswing import engine
from upswing.marketing.experiment_results import ReadingParameters, judge_experiments


def model(dbt, session):
    parameters = ReadingParameters(**dbt.config.meta_get("parameters"))
    return judge_experiments(engine.read(dbt.ref("int_experiment_arms")), parameters)
