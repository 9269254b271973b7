from upswing import engine, fits
from upswing.marketing.feedback_sentiment import SentimentParameters, bert_of
from upswing.marketing.feedback_sentiment_fit import fit_sentiment_classifier
from upswing.privacy import erasures
from upswing.privacy.keys import warehouse_folder


def model(dbt, session):
    texts = engine.read(dbt.ref("int_feedback_texts"))
    readings = engine.read(dbt.ref("score_feedback_texts"))
    parameters = SentimentParameters(bert_of(readings), least_customers=dbt.config.meta_get("least_customers"))
    return fits.fit_when_due(
        "sentiment_classifier",
        fit_sentiment_classifier.__module__,
        lambda: fit_sentiment_classifier(texts, readings, parameters),
        [texts],
        parameters,
        engine.read_earlier(dbt, session),
        fits.RefitPolicy(**dbt.config.meta_get("refit_policy")),
        engine.read_date(dbt.ref("base_raw__clock"), "as_of_date"),
        erased_at=erasures.newest(warehouse_folder()),
    )
