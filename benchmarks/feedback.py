"""What feedback is worth: sentiment beside plain words, signals beside plain means, recommendations with and without.

The sample's answers are drawn from phrases and from qualities that have nothing to do with what was sold
(``upswing.sample.feedback``): the figures show that the rules do what they say, and nothing of any customer.
Sentiment is measured on wordings that trained nothing. A signal from the older half of ``feedback_weeks`` is asked for
the answers of the newer half. Recommendations are made from what was known four weeks before the end, answers
included, and asked for what was bought since.
"""

from __future__ import annotations

import json
import time
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from _opportunities import table
from _report import Figure, judged, show
from recommendations import PARAMETERS

from upswing.bert import Bert
from upswing.customers.purchase_matrix import Purchases, day_number
from upswing.customers.ranking_model import Ranker
from upswing.customers.recommend_batches import Cut
from upswing.customers.recommend_feedback import feedback_factors, with_feedback
from upswing.customers.recommend_intents import intents_by_day
from upswing.customers.recommend_knowledge import bought_after
from upswing.customers.recommend_lists import lists_of
from upswing.customers.recommend_metrics import LENGTH, measured
from upswing.fits import metrics_json
from upswing.marketing.feedback_sentiment import SentimentParameters, bert_of
from upswing.marketing.feedback_sentiment_fit import fit_sentiment_classifier
from upswing.marketing.feedback_texts import score_feedback_texts

SHRINKAGE = 5
WEEKS = 26
WEIGHTS = (0.0, 0.1, 0.5)

NEWEST = """
    select product_id, answered_on, (rating - 3) / 2 as opinion
    from intermediate.int_feedback_answers
    where rating is not null and product_id is not null and answered_on <= date '{day}'
        and answered_on > date '{day}' - {days}
    qualify row_number() over (
        partition by product_id, customer_id, case when customer_id is null then feedback_id end
        order by answered_at desc, feedback_id desc
    ) = 1
"""


def signals(day: date, weeks: int, shrinkage: float) -> pa.Table:
    """Signal of each product from the stars of the weeks up to a day: the classifier has seen texts of later ones."""
    return table(f"""
        with answers as ({NEWEST.format(day=day, days=7 * weeks)}),
        usual as (select avg(opinion) as opinion from answers)
        select product_id, sum(answers.opinion - usual.opinion) / (count(*) + {shrinkage}) as signal,
            min(usual.opinion) as usual
        from answers cross join usual
        group by product_id order by product_id
    """)


def sentiment() -> list[Figure]:
    """Read all texts anew, fit, and compare with the words alone."""
    texts = table("from intermediate.int_feedback_texts")
    started = time.perf_counter()
    readings = score_feedback_texts(texts, None, Bert.find(None))
    read = time.perf_counter() - started
    started = time.perf_counter()
    fit = fit_sentiment_classifier(texts, readings, SentimentParameters(bert_digest=bert_of(readings)))
    fitted = time.perf_counter() - started
    found = {(row["competitor"], row["metric"]): row["value"] for row in json.loads(metrics_json(fit.metrics))}
    ours, words, encoder, majority = (
        found[name, "accuracy"] for name in ("model", "tfidf_logistic", "encoder_alone", "majority")
    )
    print(fit.verdict)
    return [
        Figure(
            f"sentiment: accuracy, {found['model', 'rows']:,.0f} answers in unlike words",
            f"{ours:.3f}",
            f"TF-IDF {words:.3f}, encoder alone {encoder:.3f}, majority {majority:.3f}",
            f"{ours / words:.2f}x",
            "higher than TF-IDF, clearly",
            judged("beats" in fit.verdict),
        ),
        Figure(
            f"sentiment: {texts.num_rows:,} texts read, and fit",
            f"{read:.1f} s + {fitted:.1f} s",
            "-",
            "-",
            "<= 25 s",
            judged(read + fitted <= 25),
        ),
    ]


def signal_error(today: date) -> Figure:
    """Squared error of what the older half says of a product, on the answers of the newer half."""
    middle = today - timedelta(weeks=WEEKS // 2)
    newer = table(NEWEST.format(day=today, days=7 * (WEEKS // 2)))
    errors = {}
    for name, shrinkage in (("shrunken", SHRINKAGE), ("plain", 0)):
        known = signals(middle, WEEKS // 2, shrinkage)
        usual = float(known["usual"][0].as_py())
        signal = dict(zip(known["product_id"].to_pylist(), known["signal"].to_pylist(), strict=True))
        asked = [
            (signal[product], opinion - usual)
            for product, opinion in zip(newer["product_id"].to_pylist(), newer["opinion"].to_pylist(), strict=True)
            if product in signal
        ]
        said, truth = np.array(asked).T
        errors[name] = float(((said - truth) ** 2).mean())
        errors["usual"] = float((truth**2).mean())
    return Figure(
        f"feedback signal: squared error on {len(asked):,} later answers",
        f"{errors['shrunken']:.4f}",
        f"plain mean {errors['plain']:.4f}, as usual {errors['usual']:.4f}",
        f"{errors['shrunken'] / min(errors['plain'], errors['usual']):.2f}x",
        "lower than both",
        judged(errors["shrunken"] < min(errors["plain"], errors["usual"])),
    )


def recall_with_feedback(today: date) -> Figure:
    """Recall of lists of ten by weight of the feedback."""
    history = Purchases.from_arrow(
        table("from intermediate.int_customer_purchases"), table("from intermediate.int_product_features")
    )
    similarities = table("from models.score_product_similarities")
    intents = intents_by_day(table("from intermediate.int_customer_category_snapshots"), PARAMETERS.intent_days)
    days = [today - timedelta(weeks=PARAMETERS.test_weeks * number) for number in (1, 2, 3)]
    cuts = [Cut.at(history, day_number(day), similarities, intents, PARAMETERS) for day in days]
    ranker = Ranker.train([cut.ranking_rows(history) for cut in cuts[1:]], PARAMETERS)
    known = signals(days[0], WEEKS, SHRINKAGE)
    catalogue = history.catalogue
    width = len(catalogue.product_ids)
    bought = bought_after(history, cuts[0].known.cut, PARAMETERS.test_weeks)
    customers = np.intersect1d(cuts[0].customers(), bought // width)
    named: dict[float, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {weight: [] for weight in WEIGHTS}
    for batch in cuts[0].batches(customers):
        candidates, scores = batch.candidates, ranker.scores(batch.features)
        for weight in WEIGHTS:
            factor = pa.array(1 + weight * known["signal"].to_numpy())
            factors = feedback_factors(
                pa.table({"product_id": known["product_id"], "factor": factor}), catalogue.product_ids
            )
            lists = lists_of(
                candidates.customer,
                candidates.product,
                catalogue.category[candidates.product],
                with_feedback(scores, factors[candidates.product]),
                LENGTH,
                PARAMETERS.most_per_category,
            )
            place = np.searchsorted(customers, lists.customer)
            named[weight].append((place, candidates.product[lists.row], lists.rank - 1))
    mine = bought[np.isin(bought // width, customers)]
    relevant = np.searchsorted(customers, mine // width) * width + mine % width
    recall = {}
    for weight, parts in named.items():
        place, product, rank = (np.concatenate(column) for column in zip(*parts, strict=True))
        found = measured(len(customers), place, product, rank, relevant, width)
        recall[weight] = float(found.recall.mean())
    return Figure(
        f"recommendations with feedback: recall@{LENGTH}, {len(customers):,} customers",
        f"{recall[0.1]:.4f}",
        f"without {recall[0.0]:.4f}, with five times its weight {recall[0.5]:.4f}",
        f"{recall[0.1] / recall[0.0]:.3f}x",
        ">= 0.99x: costs next to nothing",
        judged(recall[0.1] >= 0.99 * recall[0.0]),
    )


def main() -> list[Figure]:
    """Measure; a row each."""
    today = table("select as_of_date from staging.base_raw__clock")["as_of_date"][0].as_py()
    return [*sentiment(), signal_error(today), recall_with_feedback(today)]


if __name__ == "__main__":
    show(main())
