from upswing import engine, fits
from upswing.products.analogs import AnalogParameters
from upswing.products.surge_locator import SurgeParameters
from upswing.products.surge_scores import score_surges


def model(dbt, session):
    analog_parameters = AnalogParameters(**dbt.config.meta_get("analogs"))
    parameters = SurgeParameters(**dbt.config.meta_get("parameters"), analogs=analog_parameters)
    fit = fits.newest_fit(engine.read(dbt.ref("fit_surge_locator")))
    analogs = engine.read(dbt.ref("score_product_analogs"))
    windows = engine.read(dbt.ref("int_launch_windows"))
    history = engine.read(dbt.ref("int_launch_histories"))
    return score_surges(fit, analogs, windows, history, parameters)
