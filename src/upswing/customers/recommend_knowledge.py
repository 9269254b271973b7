"""What was known of products and customers on the day of a cut; nothing after it enters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.customers.purchase_matrix import FloatArray, IntArray, Purchases, Runs
from upswing.customers.recommend_parameters import RecommenderParameters

BoolArray = NDArray[np.bool_]

LEAST_WEIGHT = 1e-6
"""Of a product bought long ago: what signals round to, so that it never looks like one that was never bought."""


@dataclass(frozen=True)
class Known:
    """What was known on the day of a cut.

    Attributes:
        cut: the day, see ``day_number``; purchases of that day are known.
        purchases: those until then.
        pairs: of customer and product; category_pairs: of customer and category.
        days_of_purchase: of each customer.
        is_offered: whether each product may be recommended.
        repeat_share: share of each category's customers who bought it on two days or more; 0 where it has none.
        allows_repeats: whether repeats of each category may be recommended.
        recent_customers, active_customers: of each product in the last recent_weeks and active_weeks.
        product_repeat_share: share of each product's customers who bought it on two days or more; NaN where none did.
        price: what each product cost on average in the last active_weeks; NaN where it was not sold in them.
    """

    cut: int
    purchases: Purchases
    pairs: Runs
    category_pairs: Runs
    days_of_purchase: IntArray
    is_offered: BoolArray
    repeat_share: FloatArray
    allows_repeats: BoolArray
    recent_customers: IntArray
    active_customers: IntArray
    product_repeat_share: FloatArray
    price: FloatArray

    @classmethod
    def at(cls, history: Purchases, cut: int, parameters: RecommenderParameters) -> Known:
        """What the purchases until ``cut`` say; of earlier days no stock is known, so all sold lately is offered."""
        purchases = history.between(int(history.day.min(initial=cut)), cut)
        catalogue = history.catalogue
        products, categories = len(catalogue.product_ids), len(catalogue.categories)
        recent_from = cut - 7 * parameters.recent_weeks + 1
        active = purchases.between(cut - 7 * parameters.active_weeks + 1, cut)
        recent = purchases.between(recent_from, cut)
        pairs = Runs.of(purchases, purchases.product, products, recent_from)
        category_pairs = Runs.of(purchases, catalogue.category[purchases.product], categories, recent_from)
        repeat_share = _repeat_share(category_pairs, categories)
        units = np.bincount(active.product, active.units, minlength=products)
        revenue = np.bincount(active.product, active.revenue, minlength=products)
        with np.errstate(divide="ignore", invalid="ignore"):
            price = np.where((units > 0) & (revenue > 0), revenue / units, np.nan)
        return cls(
            cut,
            purchases,
            pairs,
            category_pairs,
            purchases.days_of_purchase(),
            units > 0,
            np.nan_to_num(repeat_share),
            np.nan_to_num(repeat_share) >= parameters.repeat_category_share,
            _customers(recent, products),
            _customers(active, products),
            _repeat_share(pairs, products),
            price,
        )

    def offering(self, product_ids: NDArray[Any], repeat_categories: NDArray[Any]) -> Known:
        """The same, where it is known which products may be recommended now, and of which categories again."""
        catalogue = self.purchases.catalogue
        return replace(
            self,
            is_offered=np.isin(catalogue.product_ids, product_ids),
            allows_repeats=np.isin(catalogue.categories, repeat_categories),
        )

    def weights(self, half_life_days: float) -> FloatArray:
        """Of each pair: days bought, halved for every ``half_life_days`` since the last; always above 0."""
        faded = self.pairs.days * 0.5 ** ((self.cut - self.pairs.last_day) / half_life_days)
        return np.asarray(np.maximum(faded, LEAST_WEIGHT))

    def is_repeatable(self) -> BoolArray:
        """Whether each product is of a category that allows repeats."""
        return np.asarray(self.allows_repeats[self.purchases.catalogue.category])


def bought_after(history: Purchases, cut: int, weeks: int) -> IntArray:
    """Keys of the pairs of customer and product bought in the ``weeks`` after ``cut``, ascending."""
    return np.unique(history.between(cut + 1, cut + 7 * weeks).pair_keys())


def _customers(purchases: Purchases, products: int) -> IntArray:
    """Distinct customers of each product."""
    return np.bincount(np.unique(purchases.pair_keys()) % products, minlength=products).astype(np.int64)


def _repeat_share(runs: Runs, things: int) -> FloatArray:
    """Share of each thing's customers who bought it on two days or more; NaN where it has none."""
    thing = runs.keys % things
    customers = np.bincount(thing, minlength=things)
    again = np.bincount(thing, runs.days >= 2, minlength=things)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(customers > 0, again / customers, np.nan))
