from upswing import engine, fits
from upswing.kept_scores import kept_schema, scores_when_changed
from upswing.sales.sales_forecaster_scores import ACCURACY_SCHEMA, score_forecast_accuracy


def model(dbt, session):
    fit = fits.newest_fit(engine.read(dbt.ref("fit_sales_forecaster")))
    return scores_when_changed(
        score_forecast_accuracy.__module__,
        lambda: score_forecast_accuracy(fit),
        [],
        [fit and fit["model_version"], fit and fit["fingerprint"]],
        engine.read_standing(dbt, session, kept_schema(ACCURACY_SCHEMA)),
    )
