"""What was tried of the recommender: trained on what was known 12 and 16 weeks before the end, validated 8 before it.

The last four weeks, on which ``fit_recommender`` reports, have no say in it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
from _opportunities import table
from recommendations import PARAMETERS

from upswing.customers.purchase_matrix import Purchases, day_number
from upswing.customers.ranking_features import FEATURES
from upswing.customers.ranking_model import Ranker, RankingRows
from upswing.customers.recommend_batches import Cut
from upswing.customers.recommend_evaluation import TARGETS, Found, compare
from upswing.customers.recommend_intents import intents_by_day


def without(rows: RankingRows, *names: str) -> RankingRows:
    """The rows with some features not known."""
    features = rows.features.copy()
    features[:, [FEATURES.index(name) for name in names]] = np.nan
    return replace(rows, features=features)


def told(name: str, found: Found, competitor: str = "model") -> None:
    """One line: NDCG of each target."""
    figures = (f"{found[target][competitor].ndcg.mean():.4f}" for target in TARGETS if competitor in found[target])
    print(f"{name:<38}", *(f"{figure:>18}" for figure in figures), flush=True)


def main() -> None:
    """Print a line a variant."""
    similarities = table("from models.score_product_similarities")
    intents = intents_by_day(table("from intermediate.int_customer_category_snapshots"), PARAMETERS.intent_days)
    history = Purchases.from_arrow(
        table("from intermediate.int_customer_purchases"), table("from intermediate.int_product_features")
    )
    today = table("select as_of_date from staging.base_raw__clock")["as_of_date"][0].as_py()
    days = [day_number(today - timedelta(weeks=PARAMETERS.test_weeks * number)) for number in (2, 3, 4)]
    cuts = [Cut.at(history, day, similarities, intents, PARAMETERS) for day in days]
    rows = [cut.ranking_rows(history) for cut in cuts[1:]]
    print(f"{'NDCG@10':<38}", *(f"{target:>18}" for target in TARGETS))
    default = compare(cuts[0], history, Ranker.train(rows, PARAMETERS))
    told("as it is", default)
    told("lambdarank", compare(cuts[0], history, Ranker.train(rows, PARAMETERS, "lambdarank")))
    longer = replace(PARAMETERS, rounds=250, learning_rate=0.05, leaves=31)
    told("more and larger trees", compare(cuts[0], history, Ranker.train(rows, longer)))
    for title, names in {
        "without category intent": ("category_intent",),
        "without similar products": ("similar",),
        "without ALS and bought together": ("als", "bought_together"),
    }.items():
        told(title, compare(cuts[0], history, Ranker.train([without(of_cut, *names) for of_cut in rows], PARAMETERS)))
    any_category = replace(cuts[0], parameters=replace(PARAMETERS, most_per_category=10))
    told("any number of a category in a list", compare(any_category, history, Ranker.train(rows, PARAMETERS)))
    for baseline in ("own_history", "als", "item_item", "popularity"):
        told(f"baseline {baseline}", default, baseline)


if __name__ == "__main__":
    main()
