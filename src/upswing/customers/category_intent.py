"""Will this customer buy of this category again soon? (source: personalization article, purchase intent)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.customers.boosted_trees import BoostedTrees, BoostingParameters
from upswing.fits import NotEnoughHistory
from upswing.one_thread import hold_one_thread
from upswing.splits import hash_folds, lowest_hashes
from upswing.tensors import pack, pack_texts, unpack, unpack_texts

FloatArray = NDArray[np.float64]

FEATURES = (
    "category_rank",
    "order_days",
    "order_days_recent",
    "order_days_active",
    "revenue_active",
    "recency_days",
    "mean_days_between",
    "lateness",
    "affinity",
    "views_recent",
)
BROWSING_FEATURES = ("views_recent",)
USUAL_GAP = "usual_gap"
"""How often customers buy of the category: the mean of log(1 + mean_days_between) over the training rows."""

CATEGORY_BOOSTING = BoostingParameters(learning_rate=0.1, leaves=8)
"""There are about five times as many rows of categories as of customers: larger trees."""

LABEL = "order_days_in_intent_window"


@dataclass(frozen=True)
class CategoryIntentParameters:
    """How the intent to buy of a category is learned.

    Attributes:
        intent_days: days that the intent looks ahead (var ``intent_days``).
        boosting: of the trees.
        gap_shrinkage: rows' worth of belief that a category is bought as often as all are.
        min_customers: least customers to learn from.
        most_customers: of more than these, a sample by hash of customer_id trains.
    """

    intent_days: int
    boosting: BoostingParameters = CATEGORY_BOOSTING
    gap_shrinkage: float = 20.0
    min_customers: int = 50
    most_customers: int = 20_000

    def __post_init__(self) -> None:
        if self.intent_days < 1:
            raise ValueError(f"var intent_days is {self.intent_days}; expected at least 1 day")


@dataclass(frozen=True)
class CategoryIntent:
    """A trained model of the probability that a customer buys of a category in the intent window.

    Attributes:
        trees: of the features.
        gaps: usual gap of each category that the training rows hold.
        overall_gap: that of all, for a category that they do not.
        features: names of the columns it looks at.
    """

    trees: BoostedTrees
    gaps: dict[str, float]
    overall_gap: float
    features: tuple[str, ...] = FEATURES

    @classmethod
    def train(
        cls,
        rows: pa.Table,
        known_until: date,
        parameters: CategoryIntentParameters,
        features: tuple[str, ...] = FEATURES,
    ) -> CategoryIntent:
        """Train on what was known by a day; the order of rows does not matter.

        Args:
            rows: as ``int_customer_category_snapshots`` holds them; those whose intent window ended after
                ``known_until`` are left out.
            known_until: the day.
            parameters: see there.
            features: names of the columns to look at.

        Raises:
            NotEnoughHistory: fewer than ``min_customers`` customers have such rows.
        """
        training = complete_rows(rows, known_until, parameters.intent_days)
        customers = pc.unique(training["customer_id"]).sort()
        if len(customers) < parameters.min_customers:
            raise NotEnoughHistory(
                f"{len(customers)} customers whose categories were followed for {parameters.intent_days} days by "
                f"{known_until}, at least {parameters.min_customers} needed"
            )
        if len(customers) > parameters.most_customers:
            kept = lowest_hashes(customers.to_pylist(), parameters.most_customers, "category_intent")
            training = training.filter(pc.is_in(training["customer_id"], value_set=customers.take(pa.array(kept))))
        training = training.sort_by(
            [("snapshot_on", "ascending"), ("customer_id", "ascending"), ("category", "ascending")]
        )
        gaps, overall_gap = usual_gaps(training, parameters.gap_shrinkage)
        values = matrix(training, features, gaps, overall_gap)
        folds = hash_folds(training["customer_id"].to_pylist(), parameters.boosting.folds, "category_intent")
        hold_one_thread()
        trees = BoostedTrees.train(values, labels_of(training), folds, parameters.boosting)
        return cls(trees, gaps, overall_gap, features)

    def probabilities(self, rows: pa.Table) -> FloatArray:
        """Calibrated probability of each row, in the order of ``rows``; a row's does not depend on the others.

        Args:
            rows: with the columns of ``int_customer_category_snapshots``; the later days are not looked at.
        """
        return self.trees.probabilities(matrix(rows, self.features, self.gaps, self.overall_gap))

    def packed(self, prefix: str = "category_intent") -> dict[str, NDArray[Any]]:
        """The model as arrays for :func:`upswing.tensors.pack`."""
        return self.trees.packed(prefix) | {
            f"{prefix}.features": pack_texts(self.features),
            f"{prefix}.categories": pack_texts(self.gaps),
            f"{prefix}.gaps": np.array([*self.gaps.values(), self.overall_gap]),
        }

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]], prefix: str = "category_intent") -> CategoryIntent:
        """What :meth:`packed` packed."""
        gaps = arrays[f"{prefix}.gaps"]
        # An empty array of texts is one empty text.
        categories = unpack_texts(arrays[f"{prefix}.categories"])[: len(gaps) - 1]
        by_category = {category: float(gap) for category, gap in zip(categories, gaps[:-1], strict=True)}
        features = tuple(unpack_texts(arrays[f"{prefix}.features"]))
        return cls(BoostedTrees.unpacked(arrays, prefix), by_category, float(gaps[-1]), features)

    def to_bytes(self) -> bytes:
        """The model as safetensors."""
        return pack(self.packed(), {})

    @classmethod
    def from_bytes(cls, blob: bytes) -> CategoryIntent:
        """What :meth:`to_bytes` wrote."""
        arrays, _ = unpack(blob)
        return cls.unpacked(arrays)


def complete_rows(rows: pa.Table, known_until: date, intent_days: int) -> pa.Table:
    """Rows of customer and category snapshots whose intent window had ended by a day, so that its end was known."""
    newest = pa.scalar(known_until - timedelta(days=intent_days), pa.date32())
    ended = pc.less_equal(pc.cast(rows["snapshot_on"], pa.date32()), newest)
    return rows.filter(pc.and_(ended, pc.is_valid(rows[LABEL])))


def labels_of(rows: pa.Table) -> FloatArray:
    """1 where the category was bought in the intent window, else 0."""
    return np.asarray(column_of(rows, LABEL) > 0, dtype=np.float64)


def matrix(rows: pa.Table, features: tuple[str, ...], gaps: dict[str, float], overall_gap: float) -> FloatArray:
    """The features of each row and its category's usual gap, shape (rows, features + 1), NaN where not known."""
    usual = [gaps.get(category, overall_gap) for category in rows["category"].to_pylist()]
    return np.column_stack([*(column_of(rows, name) for name in features), np.array(usual, dtype=np.float64)])


def usual_gaps(rows: pa.Table, shrinkage: float) -> tuple[dict[str, float], float]:
    """The usual gap of each category, drawn to that of all by ``shrinkage`` rows, and that of all; see
    :data:`USUAL_GAP`."""
    gaps = np.log1p(column_of(rows, "mean_days_between"))
    known = np.isfinite(gaps)
    overall = round(float(gaps[known].mean()), 6) if known.any() else 0.0
    categories = np.array(rows["category"].to_pylist(), dtype=object)
    names, places = np.unique(categories[known].astype(str), return_inverse=True)
    sums = np.bincount(places, weights=gaps[known], minlength=len(names))
    counts = np.bincount(places, minlength=len(names))
    shrunken = np.round((sums + shrinkage * overall) / (counts + shrinkage), 6)
    return dict(zip(names.tolist(), shrunken.tolist(), strict=True)), overall


def column_of(rows: pa.Table, name: str) -> FloatArray:
    """A column as doubles, NaN where null."""
    return np.asarray(pc.cast(rows[name], pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
