"""The products worth ranking for each customer: a few hundred of tens of thousands, from five sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.customers.purchase_matrix import IntArray
from upswing.customers.recommend_knowledge import BoolArray, Known
from upswing.customers.recommend_parameters import RecommenderParameters
from upswing.customers.recommend_signals import Scores, SignalBatch, Signals

SOURCES = ("own history", "customers who buy alike", "bought together", "similar products", "best sellers")
"""Where a candidate comes from; of several sources the one that puts it first, ties in this order."""

FOREMOST = 10_000
"""Stands for: not among the candidates of that source."""


@dataclass(frozen=True)
class Candidates:
    """Pairs of customer and product to be ranked, by customer, then product.

    Attributes:
        customer: place of the customer.
        product: place in the catalogue.
        source: place in :data:`SOURCES`.
        is_repeat: whether the customer bought the product before.
        als, together, alike, own: the signals, see ``SignalBatch``.
    """

    customer: IntArray
    product: IntArray
    source: IntArray
    is_repeat: BoolArray
    als: Scores
    together: Scores
    alike: Scores
    own: Scores

    def __len__(self) -> int:
        return len(self.customer)


def eligible(known: Known, signals: Signals, batch: SignalBatch) -> BoolArray:
    """Which offered products may be recommended to each customer: new ones, and repeats where the category allows.

    Shape (customers, offered).
    """
    return np.asarray((batch.own <= 0) | known.is_repeatable()[signals.offered])


def top_of_rows(scores: NDArray[Any], most: int) -> tuple[IntArray, IntArray, IntArray]:
    """Row, column and rank (from 0) of the ``most`` highest scores above 0 of each row; ties to the earlier column.

    Sorted by row, then rank.
    """
    rows, columns = scores.shape
    if not rows or not columns or most < 1:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing
    if columns > most:
        bound = -np.partition(-scores, most - 1, axis=1)[:, most - 1 : most]
        named = scores > np.maximum(bound, 0)
        tied = (scores == bound) & (bound > 0)
        room = most - named.sum(axis=1, keepdims=True)
        tied &= np.cumsum(tied, axis=1, dtype=np.int32) <= room
        named |= tied
    else:
        named = scores > 0
    row, column = np.nonzero(named)
    order = np.lexsort((column, -scores[row, column], row))
    row, column = row[order], column[order]
    return row, column, np.arange(len(row)) - np.searchsorted(row, row)


def candidates_of(
    customers: IntArray, known: Known, signals: Signals, batch: SignalBatch, parameters: RecommenderParameters
) -> Candidates:
    """Candidates of some customers.

    Args:
        customers: their places, ascending.
        known, signals: of the same cut.
        batch: the signals of these customers.
        parameters: how many of each source.
    """
    may = eligible(known, signals, batch)
    is_new = batch.own <= 0
    asked: tuple[tuple[Scores, Any, int], ...] = (
        (batch.own, may, parameters.own_candidates),
        (batch.als, is_new, parameters.als_candidates),
        (batch.together, is_new, parameters.item_candidates),
        (batch.alike, is_new, parameters.content_candidates),
        (batch.popularity, is_new, parameters.popular_candidates),
    )
    width = len(signals.offered)
    found = [top_of_rows(np.where(mask, scores, 0), most) for scores, mask, most in asked]
    keys = np.unique(np.concatenate([row * width + column for row, column, _rank in found]))
    foremost = np.full(len(keys), FOREMOST, dtype=np.int64)
    source = np.zeros(len(keys), dtype=np.int64)
    for number, (row, column, rank) in enumerate(found):
        place = np.searchsorted(keys, row * width + column)
        nearer = rank < foremost[place]
        foremost[place[nearer]] = rank[nearer]
        source[place[nearer]] = number
    row, column = (keys // width, keys % width) if width else (keys, keys)
    signals_of = [scores[row, column] for scores in (batch.als, batch.together, batch.alike, batch.own)]
    return Candidates(customers[row], signals.offered[column], source, signals_of[3] > 0, *signals_of)


def joined(parts: list[Candidates]) -> Candidates:
    """Candidates of several batches as one."""

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    return Candidates(*(column(name) for name in Candidates.__dataclass_fields__))
