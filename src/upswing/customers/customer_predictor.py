"""Who churns, who buys soon, and how much (sources: big-data sales article, churn; personalization article, intent)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.customers.boosted_trees import BoostedTrees, BoostingParameters
from upswing.customers.category_intent import CATEGORY_BOOSTING, CategoryIntent, CategoryIntentParameters
from upswing.customers.customer_snapshots import FEATURES, CustomerSnapshots
from upswing.customers.spend_given_purchase import SpendGivenPurchase
from upswing.splits import hash_folds
from upswing.tensors import pack, pack_texts, unpack, unpack_texts

FloatArray = NDArray[np.float64]

RISES_WITH_CHURN = {
    "recency_days": 1,
    "lateness": 1,
    "orders_recent": -1,
    "orders_active": -1,
    "order_days_active": -1,
    "order_trend": -1,
    "revenue_recent": -1,
    "revenue_active": -1,
}
"""Features of which the direction is beyond doubt: the churn probability may only rise (1) or fall (-1) with them, the
purchase probability only the other way. What they hold against it in the training rows is chance."""


@dataclass(frozen=True)
class CustomerPredictorParameters:
    """How the customer predictor is trained and measured.

    Attributes:
        churn_weeks: weeks without an order that are churn.
        intent_days: days that purchase intent and expected spend look ahead.
        recent_weeks, active_weeks: windows of the features.
        boosting: of the trees for churn and purchase intent.
        category_boosting: of the trees for category intent.
        ridge: penalty of the linear model of spend.
        min_customers: least customers to learn from.
        most_customers: of more than these, a sample by hash of customer_id trains and tests.
    """

    churn_weeks: int
    intent_days: int
    recent_weeks: int
    active_weeks: int
    boosting: BoostingParameters = field(default_factory=BoostingParameters)
    category_boosting: BoostingParameters = CATEGORY_BOOSTING
    ridge: float = 10.0
    min_customers: int = 50
    most_customers: int = 20_000

    def __post_init__(self) -> None:
        for name in ("churn_weeks", "intent_days", "recent_weeks", "active_weeks"):
            if getattr(self, name) < 1:
                raise ValueError(f"var {name} is {getattr(self, name)}; expected at least 1")
        if self.recent_weeks > self.active_weeks:
            raise ValueError(
                f"vars recent_weeks and active_weeks are {self.recent_weeks} and {self.active_weeks}; "
                "expected the second no shorter than the first"
            )

    @property
    def churn_days(self) -> int:
        """Length of the churn window in days."""
        return 7 * self.churn_weeks

    @property
    def category(self) -> CategoryIntentParameters:
        """How the category intent is learned."""
        return CategoryIntentParameters(
            self.intent_days,
            boosting=self.category_boosting,
            min_customers=self.min_customers,
            most_customers=self.most_customers,
        )


@dataclass(frozen=True)
class Typical:
    """What the training rows of a target are like, which reasons compare with.

    Attributes:
        values: median of each feature over those who had bought, NaN where nothing is known, shape (features,).
        share: of all rows, with the target.
    """

    values: FloatArray
    share: float

    @classmethod
    def of(cls, rows: CustomerSnapshots, labels: FloatArray, features: tuple[str, ...] = FEATURES) -> Typical:
        """Of training rows and their labels, shape (rows,)."""
        buyers = rows[~np.isnan(rows.column("recency_days"))]
        return cls(known_medians(buyers.matrix(features)), float(labels.mean()) if len(labels) else 0.0)

    def packed(self, prefix: str) -> dict[str, NDArray[Any]]:
        """The numbers as arrays for :func:`upswing.tensors.pack`."""
        return {f"{prefix}.typical": self.values, f"{prefix}.share": np.array([self.share])}

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]], prefix: str) -> Typical:
        """What :meth:`packed` packed."""
        return cls(arrays[f"{prefix}.typical"], float(arrays[f"{prefix}.share"][0]))


@dataclass(frozen=True)
class CustomerPredictor:
    """Trained models of all targets.

    Attributes:
        churn: of active customers, whether they buy nothing in the churn window.
        purchase: whether a customer buys in the intent window.
        spend: how much, given that.
        category: whether a customer buys of a category; None where there was too little history of categories.
        typical_churn, typical_purchase: the rows that the first two were trained on.
        features: names of the features that all but the last look at.
    """

    churn: BoostedTrees
    purchase: BoostedTrees
    spend: SpendGivenPurchase
    category: CategoryIntent | None
    typical_churn: Typical
    typical_purchase: Typical
    features: tuple[str, ...] = FEATURES

    def churn_probabilities(self, snapshots: CustomerSnapshots) -> FloatArray:
        """Calibrated probability of churn, shape (rows,); NaN where the customer is not active."""
        found = self.churn.probabilities(snapshots.matrix(self.features))
        return np.where(snapshots.is_active, found, np.nan)

    def purchase_probabilities(self, snapshots: CustomerSnapshots) -> FloatArray:
        """Calibrated probability of a purchase in the intent window, shape (rows,)."""
        return self.purchase.probabilities(snapshots.matrix(self.features))

    def expected_spend(self, snapshots: CustomerSnapshots) -> FloatArray:
        """Expected revenue in the intent window, P(purchase) x spend given purchase, 0 or more, shape (rows,)."""
        return self.purchase_probabilities(snapshots) * self.spend.predict(snapshots.matrix(self.features))

    def to_bytes(self) -> bytes:
        """The predictor as safetensors."""
        arrays = self.churn.packed("churn") | self.purchase.packed("purchase") | self.spend.packed("spend")
        arrays["features"] = pack_texts(self.features)
        arrays |= self.typical_churn.packed("churn") | self.typical_purchase.packed("purchase")
        if self.category is not None:
            arrays |= self.category.packed("category_intent")
        return pack(arrays, {"has_category_intent": self.category is not None})

    @classmethod
    def from_bytes(cls, blob: bytes) -> CustomerPredictor:
        """What :meth:`to_bytes` wrote."""
        arrays, facts = unpack(blob)
        return cls(
            BoostedTrees.unpacked(arrays, "churn"),
            BoostedTrees.unpacked(arrays, "purchase"),
            SpendGivenPurchase.unpacked(arrays, "spend"),
            CategoryIntent.unpacked(arrays, "category_intent") if facts["has_category_intent"] else None,
            Typical.unpacked(arrays, "churn"),
            Typical.unpacked(arrays, "purchase"),
            tuple(unpack_texts(arrays["features"])),
        )


def known_medians(features: FloatArray) -> FloatArray:
    """Median of what is known of each feature, NaN where nothing is, shape (features,)."""
    known = [column[~np.isnan(column)] for column in features.T]
    return np.array([float(np.median(column)) if len(column) else np.nan for column in known])


def customer_folds(snapshots: CustomerSnapshots, folds: int) -> NDArray[np.int64]:
    """Fold of each row by hash of customer_id, so that all snapshots of a customer are in one."""
    return hash_folds(snapshots.customer_ids, folds, "customer_predictor")


def train_churn(
    rows: CustomerSnapshots, parameters: CustomerPredictorParameters, features: tuple[str, ...] = FEATURES
) -> BoostedTrees:
    """Train on rows that :attr:`CustomerSnapshots.can_churn`, sorted."""
    directions = tuple(RISES_WITH_CHURN.get(name, 0) for name in features)
    folds = customer_folds(rows, parameters.boosting.folds)
    return BoostedTrees.train(rows.matrix(features), rows.has_churned, folds, parameters.boosting, directions)


def train_purchase(
    rows: CustomerSnapshots, parameters: CustomerPredictorParameters, features: tuple[str, ...] = FEATURES
) -> BoostedTrees:
    """Train on rows whose intent window was over, sorted."""
    directions = tuple(-RISES_WITH_CHURN.get(name, 0) for name in features)
    folds = customer_folds(rows, parameters.boosting.folds)
    return BoostedTrees.train(rows.matrix(features), rows.has_bought, folds, parameters.boosting, directions)


def train_spend(
    rows: CustomerSnapshots, parameters: CustomerPredictorParameters, features: tuple[str, ...] = FEATURES
) -> SpendGivenPurchase:
    """Train on those rows with a purchase in the intent window."""
    buyers = rows[rows.has_bought == 1]
    return SpendGivenPurchase.train(buyers.matrix(features), buyers.spend, parameters.ridge)
