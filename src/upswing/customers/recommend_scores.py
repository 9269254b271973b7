"""What is recommended to every customer today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.customers.candidates import SOURCES, Candidates
from upswing.customers.purchase_matrix import FloatArray, IntArray, Purchases, day_number, positions, texts
from upswing.customers.ranking_model import Ranker
from upswing.customers.recommend_batches import Cut, Progress
from upswing.customers.recommend_favourites import BEST_SELLERS, SEGMENT_FAVOURITES, Favourites
from upswing.customers.recommend_feedback import feedback_factors, with_feedback
from upswing.customers.recommend_fit import from_bytes
from upswing.customers.recommend_intents import intent_table, snapshot_rows
from upswing.customers.recommend_knowledge import Known
from upswing.customers.recommend_lists import SCORE_DECIMALS, Lists, lists_of, without_excess_repeats
from upswing.customers.recommend_parameters import RecommenderParameters
from upswing.customers.recommend_reasons import reasons
from upswing.customers.recommend_signals import Signals

SCORE_SCHEMA = pa.schema(
    [
        pa.field("customer_id", pa.string()),
        pa.field("recommendation_rank", pa.int64()),
        pa.field("product_id", pa.string()),
        pa.field("source", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("is_repeat", pa.bool_()),
        pa.field("reason", pa.string()),
        pa.field("model_version", pa.string()),
    ]
)

NEW_CUSTOMERS_AT_ONCE = 2_000


@dataclass(frozen=True)
class Shop:
    """The tables that say what may be recommended to whom, as rows of the models they are named after.

    Attributes:
        purchases: ``int_merchandise_purchases``.
        products: ``int_products``.
        recommendable: ``int_recommendable_products``.
        category_repeats: ``int_category_repeats``.
        customers: ``int_customers``.
        similarities: ``score_product_similarities``; may be empty.
        segments: ``score_customer_segments``; may be empty.
        category_snapshots: ``int_customer_category_snapshots``; may be empty.
        feedback: ``product_id`` and ``factor`` of the products in ``score_feedback_signals``; may be empty.
    """

    purchases: pa.Table
    products: pa.Table
    recommendable: pa.Table
    category_repeats: pa.Table
    customers: pa.Table
    similarities: pa.Table
    segments: pa.Table
    category_snapshots: pa.Table
    feedback: pa.Table


def score_recommendations(
    fit: dict[str, Any] | None,
    shop: Shop,
    as_of_date: date | None,
    parameters: RecommenderParameters,
    length: int,
    progress: Progress = lambda _done, _all: None,
) -> pa.RecordBatchReader:
    """Lists of at most ``length`` products for all customers, a batch at a time; see :data:`SCORE_SCHEMA`.

    Customers with fewer than ``min_days`` days of purchase, and all where no fit stands, are given the favourites of
    their segment, then best sellers. Nobody is given a product that may not be recommended. What customers say of a
    product is in its score before the order is made.

    Args:
        fit: the newest row of ``fit_recommender``, or None.
        shop: see there.
        as_of_date: the build's clock, or None where the raw data hold no day.
        parameters: as it was fitted with.
        length: var ``recommendations_per_customer``.
        progress: told the customers done, and all.
    """
    batches: Iterator[pa.RecordBatch] = iter(())
    if as_of_date is not None and shop.purchases.num_rows and shop.recommendable.num_rows:
        batches = _recommend(fit, shop, as_of_date, parameters, length, progress)
    return pa.RecordBatchReader.from_batches(SCORE_SCHEMA, batches)


def _recommend(
    fit: dict[str, Any] | None,
    shop: Shop,
    as_of_date: date,
    parameters: RecommenderParameters,
    length: int,
    progress: Progress,
) -> Iterator[pa.RecordBatch]:
    known = known_today(shop, as_of_date, parameters)
    factors = feedback_factors(shop.feedback, known.purchases.catalogue.product_ids)
    customer_ids = np.union1d(known.purchases.customer_ids, texts(shop.customers["customer_id"]))
    place = positions(known.purchases.customer_ids, customer_ids)
    is_ranked = (place >= 0) & (fit is not None)
    is_ranked &= np.append(known.days_of_purchase, 0)[place] >= parameters.min_days
    ranked, new = place[is_ranked], np.flatnonzero(~is_ranked)
    if fit is not None and len(ranked):
        ranker, intent = from_bytes(fit["weights"])
        rows = snapshot_rows(shop.category_snapshots, as_of_date)
        intents = None if intent is None else intent_table(intent, rows)
        cut = Cut(known, Signals.learn(known, shop.similarities, parameters), intents, parameters)
        yield from _ranked(cut, ranker, fit["model_version"], ranked, factors, _names(shop), length, progress)
    favourites = Favourites.of(
        known, customer_ids, shop.segments, parameters.active_weeks, length, parameters.min_described, factors
    )
    for start in range(0, len(new), NEW_CUSTOMERS_AT_ONCE):
        some = new[start : start + NEW_CUSTOMERS_AT_ONCE]
        yield _favoured(known, favourites, customer_ids, some, parameters, length)


def known_today(shop: Shop, as_of_date: date, parameters: RecommenderParameters) -> Known:
    """What is known today, of stock too."""
    everything = Purchases.from_arrow(shop.purchases, shop.products)
    allowing = shop.category_repeats.filter(shop.category_repeats["allows_repeats"])
    return Known.at(everything, day_number(as_of_date), parameters).offering(
        texts(shop.recommendable["product_id"]), texts(allowing["category"])
    )


def _names(shop: Shop) -> dict[str, str]:
    """Of the products that have one."""
    named = shop.products.filter(pc.is_valid(shop.products["product_name"]))
    return dict(zip(named["product_id"].to_pylist(), named["product_name"].to_pylist(), strict=True))


def _ranked(
    cut: Cut,
    ranker: Ranker,
    model_version: str,
    customers: IntArray,
    factors: FloatArray,
    names: dict[str, str],
    length: int,
    progress: Progress,
) -> Iterator[pa.RecordBatch]:
    catalogue = cut.known.purchases.catalogue
    called = np.array([names.get(product_id, f"product {product_id}") for product_id in catalogue.product_ids.tolist()])
    for batch in cut.batches(customers, progress):
        candidates = batch.candidates
        scores = np.round(with_feedback(ranker.scores(batch.features), factors[candidates.product]), SCORE_DECIMALS)
        lists = _served(candidates, scores, catalogue.limited_category[candidates.product], cut.parameters, length)
        yield _lines(
            cut.known.purchases.customer_ids[lists.customer],
            lists.rank,
            catalogue.product_ids[candidates.product[lists.row]],
            np.array(SOURCES)[candidates.source[lists.row]],
            scores[lists.row],
            candidates.is_repeat[lists.row],
            reasons(cut, batch, lists.row, called),
            model_version,
        )


def _served(
    candidates: Candidates, scores: FloatArray, category: IntArray, parameters: RecommenderParameters, length: int
) -> Lists:
    """The lists: some room is left for what the customer never bought, however likely the repeats are."""
    customer, product = candidates.customer, candidates.product
    capped = lists_of(customer, product, category, scores, len(scores), parameters.most_per_category).row
    most = max(1, round(length * parameters.most_repeats))
    rows = capped[
        without_excess_repeats(customer[capped], product[capped], scores[capped], candidates.is_repeat[capped], most)
    ]
    lists = lists_of(customer[rows], product[rows], category[rows], scores[rows], length, parameters.most_per_category)
    return Lists(rows[lists.row], lists.customer, lists.rank)


def _favoured(
    known: Known,
    favourites: Favourites,
    customer_ids: NDArray[Any],
    customers: IntArray,
    parameters: RecommenderParameters,
    length: int,
) -> pa.RecordBatch:
    """Lines of some customers of whom too little is known, or for whom no fit stands."""
    products = len(known.is_offered)
    place = positions(known.purchases.customer_ids, customer_ids[customers])
    keys = np.where(place >= 0, place, -products)[:, None] * products + favourites.products
    was_bought = known.pairs.find(keys.ravel()).reshape(keys.shape) >= 0
    may = ~was_bought | known.is_repeatable()[favourites.products]
    category = known.purchases.catalogue.limited_category[favourites.products]
    row, product, rank, share, score, is_segments = favourites.lists(
        customers, may, category, length, parameters.most_per_category
    )
    column = np.searchsorted(favourites.products, product)
    told = [
        _bought_by(part, of_segment, favourites.buyers, parameters.min_described)
        for part, of_segment in zip(share.tolist(), is_segments.tolist(), strict=True)
    ]
    return _lines(
        customer_ids[customers[row]],
        rank,
        known.purchases.catalogue.product_ids[product],
        np.where(is_segments, SEGMENT_FAVOURITES, BEST_SELLERS),
        np.round(score, SCORE_DECIMALS),
        was_bought[row, column],
        told,
        None,
    )


def _bought_by(share: float, of_segment: bool, buyers: int, least_buyers: int) -> str:
    """How many customers bought it: of few of them in numbers, for a share of one is 0 or 100 %."""
    if of_segment:
        return f"bought by {share:.0%} of your segment lately"
    if buyers < least_buyers:
        return f"bought by {round(share * buyers)} of {buyers} customers lately"
    return f"bought by {share:.0%} of all customers lately"


def _lines(
    customer_ids: NDArray[Any],
    rank: IntArray,
    product_ids: NDArray[Any],
    source: NDArray[Any],
    score: NDArray[np.float64],
    is_repeat: NDArray[np.bool_],
    told: list[str],
    model_version: str | None,
) -> pa.RecordBatch:
    columns = [
        pa.array(customer_ids.tolist(), type=pa.string()),
        pa.array(rank, type=pa.int64()),
        pa.array(product_ids.tolist(), type=pa.string()),
        pa.array(source.tolist(), type=pa.string()),
        pa.array(score, type=pa.float64()),
        pa.array(is_repeat, type=pa.bool_()),
        pa.array(told, type=pa.string()),
        pa.array([model_version] * len(rank), type=pa.string()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCORE_SCHEMA)
