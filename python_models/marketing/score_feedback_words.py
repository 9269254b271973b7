from upswing import engine
from upswing.marketing.feedback_words import score_words


def model(dbt, session):
    return score_words(engine.read(dbt.ref("score_feedback_answers")))
