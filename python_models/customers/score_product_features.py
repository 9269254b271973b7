from upswing import engine
from upswing.customers.product_features import FeatureParameters, score_features


def model(dbt, session):
    features = engine.read(dbt.ref("int_product_features"))
    texts = engine.read(dbt.ref("score_product_texts"))
    return score_features(features, texts, FeatureParameters())
