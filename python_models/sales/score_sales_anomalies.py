from upswing import engine
from upswing.sales.sales_anomalies import AnomalyParameters, find_anomalies


def model(dbt, session):
    weeks = engine.read(dbt.ref("int_forecast_weeks").filter("series_level in ('category', 'product')"))
    return find_anomalies(weeks, AnomalyParameters(**dbt.config.meta_get("parameters")))
