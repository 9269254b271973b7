from upswing import engine
from upswing.one_thread import hold_one_thread
from upswing.sales.market_trends import TrendParameters, market_trends


def model(dbt, session):
    hold_one_thread()
    weeks = dbt.ref("int_forecast_weeks").filter("series_level = 'category'")
    return market_trends(engine.read(weeks), TrendParameters(**dbt.config.meta_get("windows")))
