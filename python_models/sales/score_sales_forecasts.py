from upswing import engine, fits
from upswing.kept_scores import kept_schema, scores_when_changed
from upswing.sales.sales_forecaster import SalesForecasterParameters
from upswing.sales.sales_forecaster_scores import FORECAST_SCHEMA, score_sales_forecasts


def model(dbt, session):
    parameters = SalesForecasterParameters(**dbt.config.meta_get("parameters"))
    active_weeks = dbt.config.meta_get("active_weeks")
    fit = fits.newest_fit(engine.read(dbt.ref("fit_sales_forecaster")))
    series = engine.read(dbt.ref("int_forecast_series"))
    weeks = engine.read(dbt.ref("int_forecast_weeks"))
    planned = engine.read(dbt.ref("int_planned_promotions"))
    return scores_when_changed(
        score_sales_forecasts.__module__,
        lambda: score_sales_forecasts(fit, series, weeks, planned, parameters, active_weeks),
        [series, weeks, planned],
        [parameters, active_weeks, fit and fit["model_version"], fit and fit["fingerprint"]],
        engine.read_standing(dbt, session, kept_schema(FORECAST_SCHEMA)),
    )
