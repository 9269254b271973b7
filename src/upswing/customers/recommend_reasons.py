"""Why a product is recommended, in words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.customers.candidates import SOURCES
from upswing.customers.purchase_matrix import IntArray
from upswing.customers.recommend_batches import Batch, Cut
from upswing.customers.recommend_signals import Scores

ALIKE = SOURCES.index("customers who buy alike")
TOGETHER = SOURCES.index("bought together")
SIMILAR = SOURCES.index("similar products")


def reasons(cut: Cut, batch: Batch, rows: IntArray, names: NDArray[Any]) -> list[str]:
    """The reason of each recommended candidate of a batch.

    Args:
        cut, batch: whose candidates they are.
        rows: places among the candidates of the batch, by customer.
        names: of the products of the catalogue.
    """
    candidates = batch.candidates
    anchors = _anchors(cut, batch, rows)
    told = []
    for row, anchor in zip(rows.tolist(), anchors.tolist(), strict=True):
        source = candidates.source[row]
        if candidates.is_repeat[row]:
            told.append(_own(cut, int(candidates.customer[row]), int(candidates.product[row])))
        elif anchor >= 0 and source in (ALIKE, TOGETHER):
            told.append(f"customers who buy {names[anchor]} buy this too")
        elif anchor >= 0:
            told.append(f"similar to {names[anchor]}, which you bought")
        else:
            told.append(f"bought by {_count(cut.known.active_customers[candidates.product[row]], 'customer')} lately")
    return told


def _own(cut: Cut, customer: int, product: int) -> str:
    """How often, how regularly and how long ago the customer bought it."""
    pairs = cut.known.pairs
    place = int(np.searchsorted(pairs.keys, customer * len(cut.known.is_offered) + product))
    days, since = int(pairs.days[place]), cut.known.cut - int(pairs.last_day[place])
    ago = "today" if since == 0 else f"{_count(since, 'day')} ago"
    if days == 1:
        return f"bought once, {ago}"
    gap = round((int(pairs.last_day[place]) - int(pairs.first_day[place])) / (days - 1))
    return f"bought {days} times, about every {'day' if gap <= 1 else f'{gap} days'}, last {ago}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _anchors(cut: Cut, batch: Batch, rows: IntArray) -> IntArray:
    """The product of the customer's own that suggests each recommendation most, −1 where none does."""
    signals, candidates = cut.signals, batch.candidates
    found = np.full(len(rows), -1, dtype=np.int64)
    customers = candidates.customer[rows]
    columns = np.searchsorted(signals.offered, candidates.product[rows])
    lengths = np.linalg.norm(signals.product_factors, axis=1)
    for customer in np.unique(customers):
        mine = np.flatnonzero(customers == customer)
        start, end = signals.history.indptr[customer], signals.history.indptr[customer + 1]
        bought, weight = signals.history.indices[start:end], signals.history.data[start:end]
        for source in (ALIKE, TOGETHER, SIMILAR):
            asked = mine[(candidates.source[rows[mine]] == source) & ~candidates.is_repeat[rows[mine]]]
            if not len(asked) or not len(bought):
                continue
            if source == ALIKE:
                strength = _likeness(signals.product_factors, lengths, bought, columns[asked])
            else:
                matrix = signals.together if source == TOGETHER else signals.alike
                strength = matrix[bought][:, columns[asked]].toarray()
            strength = np.round(strength * weight[:, None], 6)
            best = np.argmax(strength, axis=0)
            suggests = strength[best, np.arange(len(asked))] > 0
            found[asked[suggests]] = signals.offered[bought[best[suggests]]]
    return found


def _likeness(factors: Scores, lengths: Scores, bought: IntArray, wanted: IntArray) -> Scores:
    """Cosine of the products' ALS factors, shape (bought, wanted); 0 where a product has none."""
    product = factors[bought] @ factors[wanted].T
    scale = lengths[bought][:, None] * lengths[wanted][None, :]
    return np.asarray(np.divide(product, scale, out=np.zeros_like(product), where=scale > 0))
