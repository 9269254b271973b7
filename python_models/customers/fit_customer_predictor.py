from upswing import engine, fits
from upswing.customers.customer_predictor import CustomerPredictorParameters
from upswing.customers.customer_predictor_evaluation import fit_customer_predictor
from upswing.privacy import erasures
from upswing.privacy.keys import warehouse_folder
from upswing.slices import Groups


def model(dbt, session):
    parameters = CustomerPredictorParameters(**dbt.config.meta_get("parameters"))
    as_of_date = engine.read_date(dbt.ref("base_raw__clock"), "as_of_date")
    snapshots = engine.read(
        dbt.ref("int_customer_snapshots").filter(
            "orders_in_intent_window is not null or orders_in_churn_window is not null"
        )
    )
    categories = engine.read(
        dbt.ref("int_customer_category_snapshots").filter("order_days_in_intent_window is not null")
    )
    groups = Groups.from_arrow(
        engine.read(dbt.ref("int_customer_groups")), dbt.config.meta_get("least_slice_customers")
    )
    told = engine.progress("fit_customer_predictor", "stage")
    return fits.fit_when_due(
        "customer_predictor",
        fit_customer_predictor.__module__,
        lambda: fit_customer_predictor(snapshots, categories, as_of_date, parameters, told, groups),
        [snapshots, categories],
        parameters,
        engine.read_earlier(dbt, session),
        fits.RefitPolicy(**dbt.config.meta_get("refit_policy")),
        as_of_date,
        erased_at=erasures.newest(warehouse_folder()),
    )
