"""Who bought what on which day, as arrays, and what of it was known on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.categories import UNKNOWN_CATEGORY

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_numbers(days: Any) -> IntArray:
    """The days of an Arrow column of dates as numbers, see :func:`day_number`."""
    return np.asarray(pc.cast(pc.cast(days, pa.date32()), pa.int32()).to_numpy(zero_copy_only=False), dtype=np.int64)


def texts(column: Any) -> NDArray[Any]:
    """An Arrow column of texts without nulls as an array that NumPy sorts."""
    return np.array(column.to_pylist(), dtype=str)


def positions(ids: NDArray[Any], wanted: NDArray[Any]) -> IntArray:
    """Place of each wanted id in the sorted ``ids``, −1 where it is not among them."""
    if not len(ids):
        return np.full(len(wanted), -1, dtype=np.int64)
    found = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[found] == wanted, found, -1).astype(np.int64)


@dataclass(frozen=True)
class Catalogue:
    """Products and their categories, both sorted by id.

    Attributes:
        product_ids: sorted.
        categories: sorted names of categories.
        category: place of each product's category in ``categories``.
    """

    product_ids: NDArray[Any]
    categories: NDArray[Any]
    category: IntArray

    @classmethod
    def from_arrow(cls, purchases: pa.Table, products: pa.Table) -> Catalogue:
        """The products that were ever bought (columns ``product_id``) with their category as listed.

        Args:
            purchases: as rows of ``int_customer_purchases``.
            products: as rows of ``int_products``; a product that is not among them is of category ``unknown``.
        """
        product_ids = np.unique(texts(purchases["product_id"].unique()))
        listed = products.sort_by("product_id")
        listed_ids = texts(listed["product_id"])
        names = np.append(texts(listed["category"].fill_null(UNKNOWN_CATEGORY)), UNKNOWN_CATEGORY)
        categories, category = np.unique(names[positions(listed_ids, product_ids)], return_inverse=True)
        return cls(product_ids, categories, category.astype(np.int64))

    @property
    def limited_category(self) -> IntArray:
        """What counts as one category where a list may hold only so many products of one.

        Places in ``categories``; from ``len(categories)`` on, a place of its own for each product whose category is
        unknown, and for every product where only one category is known: there a limit would only shorten the lists.
        """
        is_known = self.categories != UNKNOWN_CATEGORY
        alone = len(self.categories) + np.arange(len(self.product_ids), dtype=np.int64)
        return np.where(is_known[self.category] & (is_known.sum() > 1), self.category, alone)


@dataclass(frozen=True)
class Purchases:
    """Purchases sorted by customer, product and day; one row per customer, product and day.

    Attributes:
        customer_ids: sorted ids of all customers.
        catalogue: of all products.
        customer, product: places in ``customer_ids`` and in the catalogue.
        day: see :func:`day_number`.
        units, revenue: of that customer, product and day.
    """

    customer_ids: NDArray[Any]
    catalogue: Catalogue
    customer: IntArray
    product: IntArray
    day: IntArray
    units: FloatArray
    revenue: FloatArray

    def __len__(self) -> int:
        return len(self.day)

    @classmethod
    def from_arrow(cls, purchases: pa.Table, products: pa.Table) -> Purchases:
        """From rows of ``int_customer_purchases`` and ``int_products``, in any order."""
        catalogue = Catalogue.from_arrow(purchases, products)
        customer_ids = np.unique(texts(purchases["customer_id"].unique()))
        customer = _places(customer_ids, purchases["customer_id"])
        product = _places(catalogue.product_ids, purchases["product_id"])
        day = day_numbers(purchases["ordered_on"])
        units = np.asarray(purchases["units"].fill_null(0).to_numpy(), dtype=np.float64)
        revenue = np.asarray(purchases["revenue"].fill_null(0).to_numpy(), dtype=np.float64)
        every = cls(customer_ids, catalogue, customer, product, day, units, revenue)
        return every[np.lexsort((day, product, customer))]

    def __getitem__(self, rows: Any) -> Purchases:
        """The purchases of some rows, of the same customers and products."""
        return Purchases(
            self.customer_ids,
            self.catalogue,
            self.customer[rows],
            self.product[rows],
            self.day[rows],
            self.units[rows],
            self.revenue[rows],
        )

    def between(self, first: int, last: int) -> Purchases:
        """Purchases of the days ``first`` to ``last``, both included."""
        return self[(self.day >= first) & (self.day <= last)]

    def pair_keys(self) -> IntArray:
        """One number a pair of customer and product, ascending as the rows are."""
        return self.customer * len(self.catalogue.product_ids) + self.product

    def days_of_purchase(self) -> IntArray:
        """Distinct days of purchase of each customer, shape (customers,)."""
        visits = np.unique(self.customer * 2**20 + self.day)
        return np.bincount(visits >> 20, minlength=len(self.customer_ids)).astype(np.int64)


@dataclass(frozen=True)
class Runs:
    """What is known of each customer and thing (a product, or a category) that the customer bought.

    Attributes:
        keys: customer times the number of things plus thing, ascending.
        days: distinct days of purchase.
        recent_days: of these, those of the last ``recent_days_window`` days.
        first_day, last_day: see :func:`day_number`.
        price: revenue over units, the price paid on average; NaN where nothing was paid for.
    """

    keys: IntArray
    days: IntArray
    recent_days: IntArray
    first_day: IntArray
    last_day: IntArray
    price: FloatArray

    @classmethod
    def of(cls, purchases: Purchases, thing: IntArray, things: int, recent_from: int) -> Runs:
        """Of ``purchases``, each of which is of one thing.

        Args:
            purchases: see there.
            thing: of each purchase, from 0 to ``things`` − 1.
            things: how many there are.
            recent_from: first of the days that count as recent.
        """
        order = np.lexsort((purchases.day, thing, purchases.customer))
        key = (purchases.customer * things + thing)[order]
        day = purchases.day[order]
        is_first = np.ones(len(key), dtype=bool)
        is_first[1:] = key[1:] != key[:-1]
        is_new_day = is_first.copy()
        is_new_day[1:] |= day[1:] != day[:-1]
        starts = np.flatnonzero(is_first)
        if not len(starts):
            nothing = np.zeros(0, dtype=np.int64)
            return cls(nothing, nothing, nothing, nothing, nothing, np.zeros(0))
        ends = np.append(starts[1:], len(key)) - 1
        units = np.add.reduceat(purchases.units[order], starts)
        revenue = np.add.reduceat(purchases.revenue[order], starts)
        with np.errstate(divide="ignore", invalid="ignore"):
            price = np.where((units > 0) & (revenue > 0), revenue / units, np.nan)
        return cls(
            key[starts],
            np.add.reduceat(is_new_day.astype(np.int64), starts),
            np.add.reduceat((is_new_day & (day >= recent_from)).astype(np.int64), starts),
            day[starts],
            day[ends],
            price,
        )

    def find(self, keys: IntArray) -> IntArray:
        """Place of each key among the runs, −1 where there is none."""
        return positions(self.keys, keys)


def _places(ids: NDArray[Any], column: Any) -> IntArray:
    """Place of each value of an Arrow column of texts among the sorted ids that hold them all."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    place = positions(ids, texts(encoded.dictionary))
    return np.asarray(place[encoded.indices.to_numpy()], dtype=np.int64)
