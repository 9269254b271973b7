"""What is recommended to whom nothing is known of: favourites of their segment, then best sellers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.customers.candidates import top_of_rows
from upswing.customers.purchase_matrix import FloatArray, IntArray, positions, texts
from upswing.customers.recommend_feedback import with_feedback
from upswing.customers.recommend_knowledge import BoolArray, Known
from upswing.customers.recommend_lists import lists_of

SEGMENT_FAVOURITES, BEST_SELLERS = "segment favourites", "best sellers"

DEPTH = 20
"""Products looked at are this many times the length of a list, so that enough remain of what may be recommended."""


@dataclass(frozen=True)
class Favourites:
    """Products that may be recommended, by how many customers bought them in the last active_weeks.

    Attributes:
        shares: of the customers of each segment, and in the last row of all, who bought each product; shape
            (segments + 1, products).
        ranked_shares: the same as far as they are known: a segment's are drawn to those of all, the more the fewer of
            its customers bought anything.
        products: places of the products looked at, ascending: the columns of ``shares``.
        segment: row of each customer's segment, the last row where it is not known.
        buyers: how many customers the shares of all are of.
        factors: of ``products``, see ``feedback_factors``.
    """

    shares: FloatArray
    ranked_shares: FloatArray
    products: IntArray
    segment: IntArray
    buyers: int
    factors: FloatArray

    @classmethod
    def of(
        cls,
        known: Known,
        customer_ids: NDArray[Any],
        segments: pa.Table,
        weeks: int,
        length: int,
        least_buyers: int,
        factors: FloatArray,
    ) -> Favourites:
        """From the purchases of the last weeks.

        Args:
            known: on the day.
            customer_ids: of all customers to be served, sorted; they need not have bought anything.
            segments: columns customer_id and segment_number, one row a customer; may be empty.
            weeks: how many.
            length: of a list.
            least_buyers: a segment of which fewer bought lately has no favourites of its own; as many customers who buy
                what all buy weigh beside those of a segment.
            factors: of all products, see ``feedback_factors``.
        """
        numbers = np.asarray(segments["segment_number"].to_numpy(), dtype=np.int64)
        ids = texts(segments["customer_id"])
        order = np.argsort(ids, kind="stable")
        names, group = np.unique(numbers[order], return_inverse=True)
        rows = np.append(group, len(names))
        active = known.purchases.between(known.cut - 7 * weeks + 1, known.cut)
        products = len(known.is_offered)
        pairs = np.unique(active.pair_keys())
        product, row = pairs % products, rows[positions(ids[order], known.purchases.customer_ids)][pairs // products]
        counts = np.bincount(row * products + product, minlength=(len(names) + 1) * products)
        counts = counts.reshape(len(names) + 1, products)
        counts[-1] = counts.sum(axis=0)
        counts[:, ~known.is_offered] = 0
        buyers = np.unique(active.customer)
        sizes = np.bincount(rows[positions(ids[order], known.purchases.customer_ids[buyers])], minlength=len(names) + 1)
        sizes[-1] = len(buyers)
        counts[:-1][sizes[:-1] < least_buyers] = 0
        shares = counts / np.maximum(sizes, 1)[:, None]
        drawn = (counts + least_buyers * shares[-1]) / (sizes + least_buyers)[:, None]
        ranked = np.where(counts > 0, drawn, 0)
        _row, column, _rank = top_of_rows(ranked, DEPTH * length)
        kept = np.unique(column)
        group_of = rows[positions(ids[order], customer_ids)]
        return cls(shares[:, kept], ranked[:, kept], kept, group_of, len(buyers), factors[kept])

    def lists(
        self, customers: IntArray, may: BoolArray, category: IntArray, length: int, most_per_category: int
    ) -> tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray, BoolArray]:
        """Place among ``customers``, product, rank, share, score (the share it is ranked by times the product's
        factor) and whether it is the segment's favourite, of each line.

        The segment's favourites come first; best sellers fill the list where they are too few.

        Args:
            customers: places among the customers to be served.
            may: whether each of ``products`` may be recommended to each, shape (customers, products looked at).
            category: of each of ``products``.
            length, most_per_category: of a list.
        """
        of_all = len(self.shares) - 1
        segment = self.segment[customers]
        of_segment = may & (self.shares[segment] > 0) & (segment != of_all)[:, None]
        row, column = np.nonzero(of_segment | (may & (self.shares[of_all] > 0)))
        is_segments = of_segment[row, column]
        buyers = np.where(is_segments, segment[row], of_all)
        share = self.shares[buyers, column]
        score = with_feedback(self.ranked_shares[buyers, column], self.factors[column])
        # A score is at most 1, so that the segment's favourites stay before all others.
        lists = lists_of(row, column, category[column], score + is_segments, length, most_per_category)
        at = lists.row
        return lists.customer, self.products[column[at]], lists.rank, share[at], score[at], is_segments[at]
