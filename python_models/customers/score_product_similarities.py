from upswing import engine
from upswing.customers.product_similarities import SIMILARITY_SCHEMA, SimilarityParameters, score_similarities
from upswing.kept_scores import kept_schema, scores_when_changed


def model(dbt, session):
    parameters = SimilarityParameters(**dbt.config.meta_get("parameters"))
    features = engine.read(dbt.ref("score_product_features"))
    progress = engine.progress("score_product_similarities", "product")
    return scores_when_changed(
        score_similarities.__module__,
        lambda: score_similarities(features, parameters, progress),
        [features],
        [parameters],
        engine.read_standing(dbt, session, kept_schema(SIMILARITY_SCHEMA)),
    )
