from upswing import engine, fits
from upswing.kept_scores import kept_schema, scores_when_changed
from upswing.products.breakout_scores import SCORE_SCHEMA, score_breakouts


def model(dbt, session):
    threshold = dbt.config.meta_get("threshold")
    fit = fits.newest_fit(engine.read(dbt.ref("fit_breakout_classifier")))
    windows = engine.read(dbt.ref("int_launch_windows").filter("is_in_cycle"))
    return scores_when_changed(
        score_breakouts.__module__,
        lambda: score_breakouts(fit, windows, threshold),
        [windows],
        [threshold, fit and fit["fingerprint"]],
        engine.read_standing(dbt, session, kept_schema(SCORE_SCHEMA)),
    )
