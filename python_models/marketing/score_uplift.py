from upswing import engine, fits
from upswing.customers.score_reasons import Weeks
from upswing.marketing.uplift_scores import UPLIFT_SCHEMA, uplift_scorer


def model(dbt, session):
    fit = fits.newest_fit(engine.read(dbt.ref("fit_uplift_predictor")))
    snapshots = dbt.ref("int_customer_snapshots").filter("is_current")
    scorer = uplift_scorer(fit, Weeks(**dbt.config.meta_get("weeks")))
    return engine.stream(snapshots, scorer, UPLIFT_SCHEMA, "score_uplift")
