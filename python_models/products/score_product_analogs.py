from upswing import engine
from upswing.products.analogs import AnalogParameters, score_analogs


def model(dbt, session):
    parameters = AnalogParameters(**dbt.config.meta_get("parameters"))
    scores = engine.read(dbt.ref("score_breakout_products"))
    windows = engine.read(dbt.ref("int_launch_windows"))
    history = engine.read(dbt.ref("int_launch_histories"))
    return score_analogs(scores, windows, history, parameters)
