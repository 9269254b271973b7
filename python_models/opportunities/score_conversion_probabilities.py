from upswing import engine, fits
from upswing.bert import Bert
from upswing.opportunities.conversion_scores import CONVERSION_SCHEMA, conversion_scorer


def model(dbt, session):
    fit = fits.newest_fit(engine.read(dbt.ref("fit_conversion_classifier")))
    bert = Bert.find(dbt.config.meta_get("bert_model"))
    standing = engine.read_standing(dbt, session, CONVERSION_SCHEMA)
    label = "score_conversion_probabilities"
    scorer = conversion_scorer(fit, bert, standing, new_progress=lambda: engine.progress(label, "batch"))
    return engine.stream(dbt.ref("int_opportunity_texts"), scorer, CONVERSION_SCHEMA, label)
