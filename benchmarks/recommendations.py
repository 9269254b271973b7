"""Lists of ten for every customer as we recommend them, and as ``implicit`` does from the same ALS factors.

What was known four weeks before the end of the sample is recommended from; the four weeks after it say what was
bought. Both are asked for the customers who bought anything in them. Each way runs in a process of its own, whose peak
memory the operating system reports; reading the purchases and learning the factors is in that memory and not in the
time.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from datetime import timedelta

import numpy as np
from _opportunities import table
from _report import Figure, judged, least_seconds, show

from upswing.customers.purchase_matrix import IntArray, Purchases, day_number
from upswing.customers.ranking_model import Ranker
from upswing.customers.recommend_batches import Cut
from upswing.customers.recommend_intents import intents_by_day
from upswing.customers.recommend_knowledge import bought_after
from upswing.customers.recommend_lists import lists_of
from upswing.customers.recommend_metrics import LENGTH, measured
from upswing.customers.recommend_parameters import RecommenderParameters

PARAMETERS = RecommenderParameters(test_weeks=4, active_weeks=13, repeat_category_share=0.4, min_days=3, intent_days=30)
WAYS = ("ours", "implicit")

Lists = tuple[IntArray, IntArray, IntArray]
"""Customer (from 0), product and rank (from 0) of each recommendation."""


def ours(cut: Cut, ranker: Ranker, customers: IntArray) -> Lists:
    """Signals, candidates, features, ranking and lists."""
    category = cut.known.purchases.catalogue.category
    parts: list[Lists] = []
    for batch in cut.batches(customers):
        found = batch.candidates
        lists = lists_of(
            found.customer,
            found.product,
            category[found.product],
            ranker.scores(batch.features),
            LENGTH,
            PARAMETERS.most_per_category,
        )
        place = np.searchsorted(customers, lists.customer)
        parts.append((place, found.product[lists.row], lists.rank - 1))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))  # type: ignore[return-value]


def implicits(cut: Cut, customers: IntArray) -> Lists:
    """``recommend`` of the library, asked for all customers at once, on one thread."""
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=PARAMETERS.factors, num_threads=1)
    model.user_factors, model.item_factors = cut.signals.customer_factors, cut.signals.product_factors
    history = cut.signals.history[customers]
    column, _scores = model.recommend(customers, history, N=LENGTH, filter_already_liked_items=False)
    place = np.repeat(np.arange(len(customers)), LENGTH)
    return place, cut.signals.offered[column.ravel()], np.tile(np.arange(LENGTH), len(customers))


def measure(way: str) -> dict[str, float]:
    """Customers, seconds, peak bytes and recall of one way."""
    purchases = table("from intermediate.int_customer_purchases")
    products = table("from intermediate.int_product_features")
    similarities = table("from models.score_product_similarities")
    intents = intents_by_day(table("from intermediate.int_customer_category_snapshots"), PARAMETERS.intent_days)
    today = table("select as_of_date from staging.base_raw__clock")["as_of_date"][0].as_py()
    history = Purchases.from_arrow(purchases, products)
    days = [day_number(today - timedelta(weeks=PARAMETERS.test_weeks * number)) for number in (1, 2, 3)]
    cut = Cut.at(history, days[0], similarities, intents, PARAMETERS)
    bought = bought_after(history, days[0], PARAMETERS.test_weeks)
    customers = np.intersect1d(cut.customers(), bought // len(history.catalogue.product_ids))
    if way == "ours":
        earlier = [Cut.at(history, day, similarities, intents, PARAMETERS).ranking_rows(history) for day in days[1:]]
        ranker = Ranker.train(earlier, PARAMETERS)
        seconds, named = least_seconds(lambda: ours(cut, ranker, customers))
    else:
        seconds, named = least_seconds(lambda: implicits(cut, customers))
    width = len(history.catalogue.product_ids)
    mine = bought[np.isin(bought // width, customers)]
    relevant = np.searchsorted(customers, mine // width) * width + mine % width
    recall = float(measured(len(customers), *named, relevant, width).recall.mean())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"customers": len(customers), "seconds": seconds, "peak": peak, "recall": recall}


def in_own_process(way: str) -> dict[str, float]:
    """What :func:`measure` says in a process that has done nothing else."""
    asked = [sys.executable, __file__, way]
    told: dict[str, float] = json.loads(subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return told


def main() -> list[Figure]:
    """Measure; a row each for quality, speed and memory."""
    mine, theirs = (in_own_process(way) for way in WAYS)
    customers = int(mine["customers"])
    our_rate, their_rate = (LENGTH * told["customers"] / told["seconds"] for told in (mine, theirs))
    our_gib, their_gib = (told["peak"] / 2**30 for told in (mine, theirs))
    return [
        Figure(
            f"recommendations: recall@{LENGTH}, {customers:,} customers",
            f"{mine['recall']:.4f}",
            f"implicit ALS {theirs['recall']:.4f}",
            f"{mine['recall'] / theirs['recall']:.2f}x",
            "higher",
            judged(mine["recall"] > theirs["recall"]),
        ),
        Figure(
            "recommendations: a second",
            f"{our_rate:,.0f}",
            f"implicit ALS {their_rate:,.0f}",
            f"{our_rate / their_rate:.2f}x",
            "2,469 lists of 20 in 30 s",
            judged(mine["seconds"] / customers * 2469 <= 30),
        ),
        Figure(
            "recommendations: peak memory",
            f"{our_gib:.2f} GiB",
            f"implicit ALS {their_gib:.2f} GiB",
            f"{our_gib / their_gib:.2f}x",
            "<= 3 GiB",
            judged(our_gib <= 3),
        ),
    ]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        show(main())
