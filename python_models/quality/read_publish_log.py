from upswing.quality.audit_marts import publish_log


def model(dbt, session):
    return publish_log(dbt.config.meta_get("warehouse"))
