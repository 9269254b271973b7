from upswing import engine, fits
from upswing.opportunities.bert import Bert
from upswing.opportunities.conversion_scores import CONVERSION_SCHEMA, conversion_scorer


def model(dbt, session):
    fit = fits.newest_fit(engine.read(dbt.ref("fit_conversion_classifier")))
    bert = Bert.find(dbt.config.meta_get("bert_model"))
    scorer = conversion_scorer(fit, bert, engine.read_standing(dbt, session, CONVERSION_SCHEMA))
    return engine.stream(dbt.ref("int_opportunity_texts"), scorer, CONVERSION_SCHEMA, "score_conversion_probabilities")
