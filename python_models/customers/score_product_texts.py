from upswing import engine
from upswing.bert import Bert
from upswing.customers.product_features_texts import TEXT_SCHEMA, score_texts


def model(dbt, session):
    bert = Bert.find(dbt.config.meta_get("bert_model"))
    texts = engine.read(dbt.ref("int_product_texts"))
    standing = engine.read_standing(dbt, session, TEXT_SCHEMA)
    return score_texts(texts, standing, bert, lambda: engine.progress("score_product_texts", "batch"))
