from upswing import engine, fits
from upswing.sales.forecast_drift import forecast_drift
from upswing.sales.sales_forecaster import SalesForecasterParameters
from upswing.sales.sales_forecaster_fit import fit_sales_forecaster


def model(dbt, session):
    parameters = SalesForecasterParameters(**dbt.config.meta_get("parameters"))
    series = engine.read(dbt.ref("int_forecast_series"))
    weeks = engine.read(dbt.ref("int_forecast_weeks"))
    planned = engine.read(dbt.ref("int_planned_promotions"))
    told = engine.progress("fit_sales_forecaster", "step")
    drift_ratio = dbt.config.meta_get("forecast_drift_ratio")
    return fits.fit_when_due(
        "sales_forecaster",
        fit_sales_forecaster.__module__,
        lambda: fit_sales_forecaster(series, weeks, planned, parameters, told),
        # What is summed from the weeks would change in every row with every week.
        [series.drop_columns(["weeks_sold", "active_revenue"]), weeks, planned],
        parameters,
        engine.read_earlier(dbt, session),
        fits.RefitPolicy(**dbt.config.meta_get("refit_policy")),
        engine.read_date(dbt.ref("base_raw__clock"), "as_of_date"),
        drift=lambda newest: forecast_drift(newest, series, weeks, planned, drift_ratio),
    )
