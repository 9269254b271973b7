from upswing import engine, fits
from upswing.marketing.uplift_evaluation import fit_uplift_predictor
from upswing.marketing.uplift_rows import UpliftParameters, comparable_touches
from upswing.privacy import erasures
from upswing.privacy.keys import warehouse_folder
from upswing.slices import Groups


def model(dbt, session):
    parameters = UpliftParameters(**dbt.config.meta_get("parameters"))
    experiments = engine.read(dbt.ref("score_experiments"))
    touches = comparable_touches(engine.read(dbt.ref("int_uplift_touches")), experiments)
    groups = Groups.from_arrow(
        engine.read(dbt.ref("int_customer_groups")), dbt.config.meta_get("least_slice_customers")
    )
    told = engine.progress("fit_uplift_predictor", "stage")
    return fits.fit_when_due(
        "uplift_predictor",
        fit_uplift_predictor.__module__,
        lambda: fit_uplift_predictor(touches, parameters, told, groups),
        [touches],
        parameters,
        engine.read_earlier(dbt, session),
        fits.RefitPolicy(**dbt.config.meta_get("refit_policy")),
        engine.read_date(dbt.ref("base_raw__clock"), "as_of_date"),
        erased_at=erasures.newest(warehouse_folder()),
    )
