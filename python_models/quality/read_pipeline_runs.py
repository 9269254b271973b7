from upswing.quality.audit_marts import pipeline_runs


def model(dbt, session):
    return pipeline_runs(dbt.config.meta_get("warehouse"))
