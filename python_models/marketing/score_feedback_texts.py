from upswing import engine
from upswing.bert import Bert
from upswing.marketing.feedback_texts import FEEDBACK_TEXT_SCHEMA, score_feedback_texts


def model(dbt, session):
    bert = Bert.find(dbt.config.meta_get("bert_model"))
    texts = engine.read(dbt.ref("int_feedback_texts"))
    standing = engine.read_standing(dbt, session, FEEDBACK_TEXT_SCHEMA)
    return score_feedback_texts(texts, standing, bert, lambda: engine.progress("score_feedback_texts", "batch"))
