"""Sets of categories that stand together in many baskets (FP-growth)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Itemset = frozenset[int]


@dataclass(frozen=True, eq=False)
class Baskets:
    """Baskets as a table of marks.

    Attributes:
        items: names in alphabetical order.
        marks: whether the basket holds the item, shape (baskets, items), a column in one piece.
    """

    items: list[str]
    marks: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.marks)

    @classmethod
    def from_arrow(cls, rows: pa.Table, items: list[str]) -> Baskets:
        """Baskets of rows (order_id, category); a category that is null marks nothing, its basket counts."""
        order = pc.dictionary_encode(rows["order_id"].combine_chunks())
        marks = np.zeros((len(order.dictionary), len(items)), dtype=np.bool_, order="F")
        item = pc.index_in(rows["category"], value_set=pa.array(items, type=pa.string()))
        known = pc.is_valid(item).to_numpy(zero_copy_only=False)
        places = np.asarray(pc.fill_null(item, 0).to_numpy(), dtype=np.int64)
        marks[order.indices.to_numpy()[known], places[known]] = True
        return cls(items, marks)

    @cached_property
    def _counts(self) -> dict[Itemset, int]:
        return {frozenset(): len(self)}

    def count(self, itemset: Itemset) -> int:
        """Baskets with all items of the set."""
        if itemset not in self._counts:
            held = np.logical_and.reduce([self.marks[:, item] for item in sorted(itemset)])
            self._counts[itemset] = int(held.sum())
        return self._counts[itemset]


def frequent_itemsets(baskets: Baskets, least: int, longest: int) -> dict[Itemset, int]:
    """Sets of up to ``longest`` items in at least ``least`` baskets, each with its count, the empty one included."""
    import pandas as pd
    from mlxtend.frequent_patterns import fpgrowth

    counts: dict[Itemset, int] = {frozenset(): len(baskets)}
    if len(baskets) < least or not baskets.items:
        return counts
    # Half a basket less, for mlxtend rounds share times baskets upward.
    share = (least - 0.5) / len(baskets)
    frame = pd.DataFrame(baskets.marks, columns=range(len(baskets.items)), copy=False)
    found = fpgrowth(frame, min_support=share, max_len=longest)
    supports: Iterable[tuple[float, Itemset]] = zip(found["support"], found["itemsets"], strict=True)
    return counts | {frozenset(itemset): round(support * len(baskets)) for support, itemset in supports}
