"""Series that learn from each other: by level and by how often they sell, and whom a small group joins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from upswing.sales.forecast_panel import LEVELS, BoolArray, FloatArray, IntArray

FAMILY = {
    "total": "upper",
    "category": "upper",
    "product": "products",
    "other_products": "products",
    "store_category": "stores",
    "other_stores": "stores",
}
"""Levels that are alike: a group too small to learn from joins those of its family."""

CLASSES = ("steady", "sparse")
GROUPS = tuple(f"{level}, {name}" for level in LEVELS for name in CLASSES)

SPARSE_INTERVAL = 1.32
"""Mean weeks from one sale to the next from which a series is sparse (Syntetos and Boylan 2005)."""


def sparse_series(revenue: FloatArray, origin: int) -> BoolArray:
    """Whether a series sells so seldom that its demand is intermittent, as known at an origin, shape (n,)."""
    known = revenue[:, :origin]
    weeks = np.isfinite(known).sum(axis=1)
    sold = (np.nan_to_num(known) != 0).sum(axis=1)
    return np.asarray(weeks >= SPARSE_INTERVAL * np.maximum(sold, 1e-9))


def series_groups(levels: NDArray[np.str_], is_sparse: BoolArray) -> IntArray:
    """Place in :data:`GROUPS` of each series, shape (n,)."""
    place = {level: number for number, level in enumerate(LEVELS)}
    return np.array([2 * place[str(level)] for level in levels], dtype=np.int64) + is_sparse


def group_pools(counts: IntArray, least: int) -> list[IntArray]:
    """Groups that each group learns with: itself; its class in its family; its family; or all.

    The first of these that holds ``least``, or all.

    Args:
        counts: what each group has to learn from, shape (groups,).
        least: how much of it is enough.
    """
    pools = []
    for group in range(len(GROUPS)):
        chain = _chain(group)
        pools.append(next((pool for pool in chain if counts[pool].sum() >= least), chain[-1]))
    return pools


def _chain(group: int) -> Sequence[IntArray]:
    family = FAMILY[LEVELS[group // 2]]
    relatives = np.array([g for g in range(len(GROUPS)) if FAMILY[LEVELS[g // 2]] == family], dtype=np.int64)
    return (
        np.array([group]),
        relatives[relatives % 2 == group % 2],
        relatives,
        np.arange(len(GROUPS)),
    )
