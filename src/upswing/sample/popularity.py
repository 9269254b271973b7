"""Products drawn by how often they really sold."""

from __future__ import annotations

import numpy as np

from upswing.sample.raw_files import Doubles, Longs, Products

POPULARITY_POWER = 0.8
POPULARITY_OF_UNSOLD = 0.03


class Popularity:
    """Draws products by how often they really sold, over all or within a category."""

    def __init__(self, products: Products) -> None:
        weights = products.lines**POPULARITY_POWER + POPULARITY_OF_UNSOLD
        self._up_to = np.cumsum(weights)
        self._before = self._up_to - weights
        bounds = np.flatnonzero(np.r_[True, np.diff(products.categories) > 0, True])
        self._categories = products.categories
        self._lowest, self._highest = self._before[bounds[:-1]], self._up_to[bounds[1:] - 1]

    def anywhere(self, rng: np.random.Generator, count: int) -> Longs:
        """So many products of any category."""
        return self._at(rng.random(count) * self._up_to[-1])

    def in_category_of(self, rng: np.random.Generator, products: Longs) -> Longs:
        """For each product one of its category, itself perhaps."""
        category = self._categories[products]
        low, high = self._lowest[category], self._highest[category]
        return self._at(low + rng.random(len(products)) * (high - low))

    def _at(self, places: Doubles) -> Longs:
        found = np.searchsorted(self._up_to, places, side="right")
        return np.minimum(found, len(self._up_to) - 1).astype(np.int64)
