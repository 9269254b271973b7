from upswing import engine, fits
from upswing.marketing.feedback_sentiment_scores import score_sentiments


def model(dbt, session):
    fit = fits.newest_fit(engine.read(dbt.ref("fit_sentiment_classifier")))
    return score_sentiments(fit, engine.read(dbt.ref("score_feedback_texts")))
