"""The ranker beside what it must beat, on the same customers and weeks, none of which it has seen."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from upswing.customers.candidates import eligible, top_of_rows
from upswing.customers.purchase_matrix import FloatArray, IntArray, Purchases
from upswing.customers.ranking_model import Ranker
from upswing.customers.recommend_batches import Batch, Cut, Progress
from upswing.customers.recommend_knowledge import BoolArray, bought_after
from upswing.customers.recommend_lists import lists_of
from upswing.customers.recommend_metrics import LENGTH, Measured, figures, measured, pooled, verdict_of
from upswing.fits import Metric, SliceMetric
from upswing.slices import NO_GROUPS, Groups, of_means, slices

SPLIT = "time"

TARGETS = ("purchases", "repeat_purchases", "new_purchases")
"""All that was bought in the test weeks; of it what the customer had bought before; of it what not."""

BASELINES = {
    "own_history": "own",
    "als": "als",
    "item_item": "together",
    "similar_products": "alike",
    "popularity": "popularity",
}
"""Each ranks all products that may be recommended by one signal, see ``SignalBatch``."""

Found = dict[str, dict[str, Measured]]


def evaluate(
    cut: Cut,
    history: Purchases,
    ranker: Ranker,
    progress: Progress = lambda _done, _all: None,
    groups: Groups = NO_GROUPS,
) -> tuple[list[Metric], list[str], list[SliceMetric]]:
    """Metrics, verdicts, slices of the customers who bought in the weeks after the cut and were no new customers on it.

    Args:
        cut: whose candidates the ranker did not learn from.
        history: purchases of the same customers and products that hold the weeks after it.
        ranker: trained on earlier cuts.
        progress: told the customers done, and all.
        groups: of customers, by which the lists are compared; nothing is learned from them.
    """
    found = compare(cut, history, ranker, progress)
    known = cut.known
    weeks = 7 * cut.parameters.active_weeks
    customers = len(np.unique(known.purchases.between(known.cut - weeks + 1, known.cut).customer))
    metrics = [
        Metric(SPLIT, target, competitor, metric, value)
        for target, of_target in found.items()
        for competitor, figure in of_target.items()
        for metric, value in figures(figure, known.active_customers, customers, len(cut.signals.offered)).items()
    ]
    tested = tested_customers(cut, history)
    who = history.customer_ids[tested]
    lists = found["purchases"]["model"] if len(tested) else None
    means = {f"ndcg_at_{LENGTH}": lists.ndcg, f"hit_rate_at_{LENGTH}": lists.hit} if lists else {}
    sliced = slices(SPLIT, "purchases", groups.of(who), who, of_means(means, who), groups.least)
    return metrics, [verdict_of(target, of_target) for target, of_target in found.items()], sliced


def tested_customers(cut: Cut, history: Purchases) -> IntArray:
    """Customers of the cut who bought anything in the weeks after it, sorted."""
    bought = bought_after(history, cut.known.cut, cut.parameters.test_weeks)
    return np.intersect1d(cut.customers(), bought // len(history.catalogue.product_ids))


def compare(cut: Cut, history: Purchases, ranker: Ranker, progress: Progress = lambda _done, _all: None) -> Found:
    """Figures of each target and competitor; see :func:`evaluate`."""
    bought = bought_after(history, cut.known.cut, cut.parameters.test_weeks)
    products = len(history.catalogue.product_ids)
    customers = tested_customers(cut, history)
    parts: dict[str, dict[str, list[Measured]]] = {target: defaultdict(list) for target in TARGETS}
    for batch in cut.batches(customers, progress):
        scores = ranker.scores(batch.features)
        for target in TARGETS:
            relevant = _relevant(cut, batch, bought, target)
            for competitor, named in _named(cut, batch, scores, target).items():
                parts[target][competitor].append(measured(len(batch.customers), *named, relevant, products))
    return {
        target: {competitor: pooled(measures) for competitor, measures in of_target.items()}
        for target, of_target in parts.items()
    }


def _relevant(cut: Cut, batch: Batch, bought: IntArray, target: str) -> IntArray:
    """What the customers of a batch bought that counts for the target, the customers numbered from 0."""
    products = len(cut.known.is_offered)
    mine = bought[np.isin(bought // products, batch.customers)]
    was_bought = cut.known.pairs.find(mine) >= 0
    if target != "purchases":
        mine = mine[was_bought if target == "repeat_purchases" else ~was_bought]
    return np.searchsorted(batch.customers, mine // products) * products + mine % products


def _named(cut: Cut, batch: Batch, scores: FloatArray, target: str) -> dict[str, tuple[IntArray, IntArray, IntArray]]:
    """Customer (from 0), product and rank (from 0) of what each competitor recommends for the target."""
    candidates = batch.candidates
    asked = _asked(candidates.is_repeat, target)
    rows = np.flatnonzero(asked)
    category = cut.known.purchases.catalogue.limited_category[candidates.product]
    lists = lists_of(
        candidates.customer[rows],
        candidates.product[rows],
        category[rows],
        scores[rows],
        LENGTH,
        cut.parameters.most_per_category,
    )
    named = {
        "model": (
            np.searchsorted(batch.customers, lists.customer),
            candidates.product[rows[lists.row]],
            lists.rank - 1,
        )
    }
    may = eligible(cut.known, cut.signals, batch.signals) & _asked(batch.signals.own > 0, target)
    for competitor, signal in BASELINES.items():
        if target == "new_purchases" and competitor == "own_history":
            continue
        row, column, rank = top_of_rows(np.where(may, getattr(batch.signals, signal), 0), LENGTH)
        named[competitor] = (row, cut.signals.offered[column], rank)
    return named


def _asked(is_repeat: BoolArray, target: str) -> BoolArray:
    """What may be named for the target."""
    if target == "purchases":
        return np.ones_like(is_repeat)
    return is_repeat if target == "repeat_purchases" else ~is_repeat
