from upswing import engine, fits
from upswing.products.analogs import AnalogParameters, windows_with_analogs
from upswing.products.surge_evaluation import fit_surge_locator
from upswing.products.surge_locator import SurgeParameters


def model(dbt, session):
    analog_parameters = AnalogParameters(**dbt.config.meta_get("analogs"))
    parameters = SurgeParameters(**dbt.config.meta_get("parameters"), analogs=analog_parameters)
    analogs = engine.read(dbt.ref("score_product_analogs"))
    windows = windows_with_analogs(engine.read(dbt.ref("int_launch_windows")), analogs)
    history = engine.read(dbt.ref("int_launch_histories"))
    return fits.fit_when_due(
        "surge_locator",
        fit_surge_locator.__module__,
        lambda: fit_surge_locator(
            analogs, windows, history, parameters, engine.progress("fit_surge_locator", "network")
        ),
        [analogs, windows, history],
        parameters,
        engine.read_earlier(dbt, session),
        fits.RefitPolicy(**dbt.config.meta_get("refit_policy")),
        engine.read_date(dbt.ref("base_raw__clock"), "as_of_date"),
    )
