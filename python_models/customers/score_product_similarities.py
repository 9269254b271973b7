from upswing import engine
from upswing.customers.product_similarities import SimilarityParameters, score_similarities


def model(dbt, session):
    parameters = SimilarityParameters(**dbt.config.meta_get("parameters"))
    features = engine.read(dbt.ref("score_product_features"))
    return score_similarities(features, parameters, engine.progress("score_product_similarities", "product"))
