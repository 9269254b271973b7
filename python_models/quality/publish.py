from upswing.publish import publish_marts


def model(dbt, session):
    checked = dbt.ref("check_marts")
    return publish_marts(session, checked, dbt.config.meta_get("marts_file"))
