from upswing import engine
from upswing.customers.product_features import FEATURE_SCHEMA, FeatureParameters, score_features
from upswing.kept_scores import kept_schema, scores_when_changed


def model(dbt, session):
    parameters = FeatureParameters()
    features = engine.read(dbt.ref("int_product_features"))
    texts = engine.read(dbt.ref("score_product_texts"))
    return scores_when_changed(
        score_features.__module__,
        lambda: score_features(features, texts, parameters),
        [features, texts],
        [parameters],
        engine.read_standing(dbt, session, kept_schema(FEATURE_SCHEMA)),
    )
