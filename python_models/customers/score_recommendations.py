from upswing import engine, fits
from upswing.customers.recommend_parameters import RecommenderParameters
from upswing.customers.recommend_scores import SCORE_SCHEMA, Shop, score_recommendations
from upswing.kept_scores import kept_schema, scores_when_changed


def model(dbt, session):
    parameters = RecommenderParameters(**dbt.config.meta_get("parameters"))
    length = dbt.config.meta_get("length")
    shop = Shop(
        engine.read(dbt.ref("int_merchandise_purchases")),
        engine.read(dbt.ref("int_product_features")),
        engine.read(dbt.ref("int_recommendable_products")),
        engine.read(dbt.ref("int_category_repeats")),
        engine.read(dbt.ref("int_customer_snapshots").filter("is_current")),
        engine.read(dbt.ref("score_product_similarities")),
        engine.read(dbt.ref("score_customer_segments")),
        engine.read(dbt.ref("int_customer_category_snapshots")),
        engine.read(dbt.ref("score_feedback_signals").filter("subject_kind = 'product' and factor <> 1"))
        .select(["subject_id", "factor"])
        .rename_columns(["product_id", "factor"]),
    )
    fit = fits.newest_fit(engine.read(dbt.ref("fit_recommender")))
    as_of_date = engine.read_date(dbt.ref("base_raw__clock"), "as_of_date")
    progress = engine.progress("score_recommendations", "customer")
    return scores_when_changed(
        score_recommendations.__module__,
        lambda: score_recommendations(fit, shop, as_of_date, parameters, length, progress),
        list(vars(shop).values()),
        [parameters, length, str(as_of_date), fit and fit["fingerprint"]],
        engine.read_standing(dbt, session, kept_schema(SCORE_SCHEMA)),
    )
