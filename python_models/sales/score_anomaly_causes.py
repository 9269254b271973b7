from upswing import engine
from upswing.sales.sales_anomalies_causes import CauseRules, find_causes


def model(dbt, session):
    anomalies = engine.read(dbt.ref("score_sales_anomalies"))
    evidence = engine.read(dbt.ref("score_anomaly_evidence"))
    series = engine.read(dbt.ref("int_forecast_series"))
    return find_causes(anomalies, evidence, series, CauseRules(**dbt.config.meta_get("rules")))
