from upswing import engine, fits
from upswing.customers.customer_predictor_scores import CATEGORY_SCHEMA, category_scorer


def model(dbt, session):
    fit = fits.newest_fit(engine.read(dbt.ref("fit_customer_predictor")))
    categories = dbt.ref("int_customer_category_snapshots").filter("is_current")
    return engine.stream(categories, category_scorer(fit), CATEGORY_SCHEMA, "score_category_intents")
