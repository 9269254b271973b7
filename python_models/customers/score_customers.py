from upswing import engine, fits
from upswing.customers.customer_predictor_scores import SCORE_SCHEMA, customer_scorer
from upswing.customers.score_reasons import Weeks


def model(dbt, session):
    fit = fits.newest_fit(engine.read(dbt.ref("fit_customer_predictor")))
    snapshots = dbt.ref("int_customer_snapshots").filter("is_current")
    scorer = customer_scorer(fit, Weeks(**dbt.config.meta_get("weeks")))
    return engine.stream(snapshots, scorer, SCORE_SCHEMA, "score_customers")
