from upswing import engine
from upswing.marketing.push_messages import MESSAGE_SCHEMA, push_messages
from upswing.marketing.push_templates import PushParameters, read_templates


def model(dbt, session):
    parameters = PushParameters(**dbt.config.meta_get("parameters"))
    templates = read_templates(engine.read(dbt.ref("score_strategies")), parameters)
    render = push_messages(templates, parameters)
    return engine.stream(dbt.ref("score_push_offers"), render, MESSAGE_SCHEMA, "score_pushes")
