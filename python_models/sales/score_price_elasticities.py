from upswing import engine
from upswing.kept_scores import kept_schema, scores_when_changed
from upswing.one_thread import hold_one_thread
from upswing.sales.price_elasticities import ELASTICITY_SCHEMA, ElasticityParameters, price_elasticities


def model(dbt, session):
    hold_one_thread()
    parameters = ElasticityParameters(**dbt.config.meta_get("elasticities"))
    weeks = engine.read(dbt.ref("int_price_weeks"))
    return scores_when_changed(
        price_elasticities.__module__,
        lambda: price_elasticities(weeks, parameters),
        [weeks],
        [parameters],
        engine.read_standing(dbt, session, kept_schema(ELASTICITY_SCHEMA)),
    )
