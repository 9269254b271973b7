from upswing import engine, fits
from upswing.bert import Bert
from upswing.opportunities.conversion_classifier import ConversionParameters
from upswing.opportunities.conversion_evaluation import fit_conversion_classifier
from upswing.opportunities.text_model import TextModelParameters
from upswing.privacy import erasures
from upswing.privacy.keys import warehouse_folder


def model(dbt, session):
    bert = Bert.find(dbt.config.meta_get("bert_model"))
    text = TextModelParameters(**dbt.config.meta_get("text_model"))
    parameters = ConversionParameters(
        bert.name, bert.digest, text, least_customers=dbt.config.meta_get("least_customers")
    )
    texts = engine.read(dbt.ref("int_opportunity_texts").filter("status <> 'open'"))
    return fits.fit_when_due(
        "conversion_classifier",
        fit_conversion_classifier.__module__,
        lambda: fit_conversion_classifier(
            texts, bert, parameters, engine.progress("fit_conversion_classifier", "step")
        ),
        [texts],
        parameters,
        engine.read_earlier(dbt, session),
        fits.RefitPolicy(**dbt.config.meta_get("refit_policy")),
        engine.read_date(dbt.ref("base_raw__clock"), "as_of_date"),
        erased_at=erasures.newest(warehouse_folder()),
    )
