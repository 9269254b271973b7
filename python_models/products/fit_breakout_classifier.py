from upswing import engine, fits
from upswing.products.breakout_classifier import BreakoutParameters
from upswing.products.breakout_evaluation import fit_breakout_classifier


def model(dbt, session):
    parameters = BreakoutParameters(**dbt.config.meta_get("parameters"))
    history = engine.read(dbt.ref("int_launch_histories"))
    return fits.fit_when_due(
        "breakout_classifier",
        fit_breakout_classifier.__module__,
        lambda: fit_breakout_classifier(history, parameters, engine.progress("fit_breakout_classifier", "network")),
        [history],
        parameters,
        engine.read_earlier(dbt, session),
        fits.RefitPolicy(**dbt.config.meta_get("refit_policy")),
        engine.read_date(dbt.ref("base_raw__clock"), "as_of_date"),
    )
