from upswing import engine, fits
from upswing.products.breakout_scores import SCORE_SCHEMA, breakout_scorer


def model(dbt, session):
    fit = fits.newest_fit(engine.read(dbt.ref("fit_breakout_classifier")))
    windows = dbt.ref("int_launch_windows").filter("is_in_cycle")
    scorer = breakout_scorer(fit, dbt.config.meta_get("threshold"))
    return engine.stream(windows, scorer, SCORE_SCHEMA, "score_breakout_products")
