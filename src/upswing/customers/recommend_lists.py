"""From scored candidates to a list a customer: highest first, not too many of one category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.customers.purchase_matrix import FloatArray, IntArray
from upswing.customers.recommend_knowledge import BoolArray

SCORE_DECIMALS = 6


@dataclass(frozen=True)
class Lists:
    """Rows of the candidates that are recommended, by customer, then rank.

    Attributes:
        row: of the candidates.
        customer: place of the customer.
        rank: from 1.
    """

    row: IntArray
    customer: IntArray
    rank: IntArray


def lists_of(
    customer: IntArray, product: IntArray, category: IntArray, scores: FloatArray, length: int, most_per_category: int
) -> Lists:
    """The highest scores of each customer; ties to the lower place of the product.

    Args:
        customer, product, category: of each candidate, their places.
        scores: of each candidate.
        length: most products a list.
        most_per_category: most products of one category in a list.
    """
    order = np.lexsort((product, -np.round(scores, SCORE_DECIMALS), customer))
    groups = int(category.max(initial=0)) + 1
    kept = order[_place_in_group(customer[order] * groups + category[order]) < most_per_category]
    kept = kept[_place_in_group(customer[kept]) < length]
    return Lists(kept, customer[kept], _place_in_group(customer[kept]) + 1)


def without_excess_repeats(
    customer: IntArray, product: IntArray, scores: FloatArray, is_repeat: BoolArray, most: int
) -> IntArray:
    """Rows of the candidates without the repeats of each customer beyond the ``most`` highest; see :func:`lists_of`."""
    repeats = np.flatnonzero(is_repeat)
    order = np.lexsort((product[repeats], -np.round(scores[repeats], SCORE_DECIMALS), customer[repeats]))
    repeats = repeats[order]
    excess = repeats[_place_in_group(customer[repeats]) >= most]
    return np.setdiff1d(np.arange(len(customer)), excess)


def _place_in_group(groups: NDArray[Any]) -> IntArray:
    """How many earlier rows are of the same group."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    places = np.empty(len(groups), dtype=np.int64)
    places[order] = np.arange(len(groups)) - np.searchsorted(ordered, ordered)
    return places
