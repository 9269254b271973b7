"""What the ranker knows of a customer and a product on the day of a cut: behaviour, nothing of who the person is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.customers.candidates import Candidates
from upswing.customers.purchase_matrix import FloatArray, IntArray, Purchases, Runs, positions, texts
from upswing.customers.recommend_knowledge import Known

FEATURES = (
    "als",
    "bought_together",
    "similar",
    "own_weight",
    "product_days",
    "product_days_recent",
    "product_days_since",
    "product_mean_gap",
    "product_lateness",
    "product_share_of_days",
    "category_days",
    "category_days_recent",
    "category_days_since",
    "category_mean_gap",
    "category_lateness",
    "product_share_of_category",
    "category_repeat_share",
    "product_repeat_share",
    "category_intent",
    "product_customers_recent",
    "product_customers_active",
    "product_trend",
    "price",
    "price_to_usual",
    "price_to_category",
    "customer_days",
    "customer_products",
    "customer_days_since",
)


def ranking_features(known: Known, candidates: Candidates, intents: FloatArray) -> NDArray[np.float32]:
    """Features of the candidates, shape (candidates, features), in the order of :data:`FEATURES`; NaN where unknown.

    Args:
        known: on the day of the cut.
        candidates: of the same cut.
        intents: of each candidate, the probability that the customer buys of its category, see :func:`intents_of`.
    """
    catalogue = known.purchases.catalogue
    products, categories = len(catalogue.product_ids), len(catalogue.categories)
    customer, product = candidates.customer, candidates.product
    category = catalogue.category[product]
    own = _run_features(known.pairs, customer * products + product, known.cut)
    kind = _run_features(known.category_pairs, customer * categories + category, known.cut)
    customer_days = known.days_of_purchase[customer].astype(np.float64)
    with np.errstate(invalid="ignore"):
        share_of_category = own[0] / kind[0]
    customers = len(known.days_of_purchase)
    pair_customer = known.pairs.keys // products
    usual = _means(np.log(known.pairs.price), pair_customer, customers)
    last_day = np.zeros(customers, dtype=np.int64)
    np.maximum.at(last_day, pair_customer, known.pairs.last_day)
    log_price = np.log(known.price)
    category_price = _means(log_price, catalogue.category, categories)
    recent = known.recent_customers[product].astype(np.float64)
    active = known.active_customers[product].astype(np.float64)
    columns = (
        candidates.als,
        candidates.together,
        candidates.alike,
        candidates.own,
        *own,
        own[0] / customer_days,
        *kind,
        share_of_category,
        known.repeat_share[category],
        known.product_repeat_share[product],
        intents,
        recent,
        active,
        (recent + 1) / (active + 1),
        log_price[product],
        log_price[product] - usual[customer],
        log_price[product] - category_price[category],
        customer_days,
        np.bincount(pair_customer, minlength=customers)[customer],
        known.cut - last_day[customer],
    )
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def intents_of(intents: pa.Table | None, history: Purchases, candidates: Candidates) -> FloatArray:
    """The probability that the customer buys of each candidate's category soon; NaN where nothing says so.

    Args:
        intents: columns customer_id, category and intent_probability, one row per customer and category; or None.
        history: whose customers and categories the candidates are of.
        candidates: see there.
    """
    unknown = np.full(len(candidates), np.nan)
    if intents is None or not intents.num_rows:
        return unknown
    categories = len(history.catalogue.categories)
    customer = positions(history.customer_ids, texts(intents["customer_id"]))
    category = positions(history.catalogue.categories, texts(intents["category"]))
    held = (customer >= 0) & (category >= 0)
    keys = (customer * categories + category)[held]
    order = np.argsort(keys, kind="stable")
    values = np.append(np.asarray(intents["intent_probability"].to_numpy(), dtype=np.float64)[held][order], np.nan)
    wanted = candidates.customer * categories + history.catalogue.category[candidates.product]
    return np.asarray(values[positions(keys[order], wanted)])


def _run_features(runs: Runs, keys: IntArray, cut: int) -> tuple[FloatArray, ...]:
    """Days, recent days, days since the last, mean days between two, lateness; 0 days and NaN where never bought."""
    place = runs.find(keys)
    held = place >= 0
    if not len(runs.keys):
        never = np.full(len(keys), np.nan)
        return np.zeros(len(keys)), np.zeros(len(keys)), never, never, never
    days = np.where(held, runs.days[place], 0).astype(np.float64)
    recent = np.where(held, runs.recent_days[place], 0).astype(np.float64)
    since = np.where(held, cut - runs.last_day[place], np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.where(days >= 2, (runs.last_day[place] - runs.first_day[place]) / (days - 1), np.nan)
    return days, recent, since, gap, since / gap


def _means(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """Mean of each group's values that are numbers; NaN where it has none."""
    held = np.isfinite(values)
    counts = np.bincount(group[held], minlength=groups)
    sums = np.bincount(group[held], values[held], minlength=groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(counts > 0, sums / counts, np.nan))
