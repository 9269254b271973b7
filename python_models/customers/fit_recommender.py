from upswing import engine, fits
from upswing.customers.recommend_fit import TrainingData, fit_recommender
from upswing.customers.recommend_parameters import RecommenderParameters
from upswing.privacy import erasures
from upswing.privacy.keys import warehouse_folder
from upswing.slices import Groups


def model(dbt, session):
    parameters = RecommenderParameters(**dbt.config.meta_get("parameters"))
    as_of_date = engine.read_date(dbt.ref("base_raw__clock"), "as_of_date")
    data = TrainingData(
        engine.read(dbt.ref("int_merchandise_purchases")),
        engine.read(dbt.ref("int_product_features")).select(["product_id", "category"]),
        engine.read(dbt.ref("score_product_similarities")),
        engine.read(dbt.ref("int_customer_category_snapshots")),
    )
    groups = Groups.from_arrow(
        engine.read(dbt.ref("int_customer_groups")), dbt.config.meta_get("least_slice_customers")
    )
    told = engine.progress("fit_recommender", "step")
    return fits.fit_when_due(
        "recommender",
        fit_recommender.__module__,
        lambda: fit_recommender(data, as_of_date, parameters, told, groups),
        data.fingerprinted(),
        parameters,
        engine.read_earlier(dbt, session),
        fits.RefitPolicy(**dbt.config.meta_get("refit_policy")),
        as_of_date,
        erased_at=erasures.newest(warehouse_folder()),
    )
