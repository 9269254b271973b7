"""What was known of each customer on a day, and what each did after it, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

BROWSING_FEATURES = (
    "sessions_recent",
    "sessions_active",
    "views_recent",
    "carts_recent",
    "searches_recent",
    "days_since_session",
)
FEATURES = (
    "tenure_days",
    "recency_days",
    "orders",
    "orders_recent",
    "orders_active",
    "revenue",
    "revenue_recent",
    "revenue_active",
    "average_basket",
    "products_per_order",
    "mean_days_between_orders",
    "lateness",
    "order_days_active",
    "order_trend",
    "promoted_share",
    "online_share",
    "weekend_share",
    "stores_active",
    *BROWSING_FEATURES,
    "touches_active",
    "conversions_active",
)
"""Behaviour alone: no attribute of the person is learned from."""

FEATURES_WITHOUT_BROWSING = tuple(name for name in FEATURES if name not in BROWSING_FEATURES)


@dataclass(frozen=True)
class CustomerSnapshots:
    """Rows of ``int_customer_snapshots``.

    Attributes:
        customer_ids: shape (rows,).
        days: the snapshot's day, shape (rows,), datetime64[D].
        values: in the order of :data:`FEATURES`, shape (rows, features), NaN where not known.
        orders_in_churn_window, orders_in_intent_window, revenue_in_intent_window: what came after, shape (rows,), NaN
            where the window was not over.
    """

    customer_ids: NDArray[np.object_]
    days: NDArray[np.datetime64]
    values: FloatArray
    orders_in_churn_window: FloatArray
    orders_in_intent_window: FloatArray
    revenue_in_intent_window: FloatArray

    @classmethod
    def from_arrow(cls, rows: pa.Table | pa.RecordBatch) -> CustomerSnapshots:
        """Rows in the order in which they come."""
        return cls(
            np.array(rows.column("customer_id").to_pylist(), dtype=object),
            np.array(rows.column("snapshot_on").to_pylist(), dtype="datetime64[D]"),
            np.column_stack([doubles(rows, name) for name in FEATURES]),
            doubles(rows, "orders_in_churn_window"),
            doubles(rows, "orders_in_intent_window"),
            doubles(rows, "revenue_in_intent_window"),
        )

    @classmethod
    def sorted_from_arrow(cls, rows: pa.Table) -> CustomerSnapshots:
        """Rows by day and customer, so that their order in the warehouse does not matter."""
        return cls.from_arrow(rows.sort_by([("snapshot_on", "ascending"), ("customer_id", "ascending")]))

    def __len__(self) -> int:
        return len(self.customer_ids)

    def __getitem__(self, mask: Any) -> CustomerSnapshots:
        return CustomerSnapshots(**{part.name: getattr(self, part.name)[mask] for part in fields(self)})

    def column(self, name: str) -> FloatArray:
        """One feature, shape (rows,)."""
        return self.values[:, FEATURES.index(name)]

    def matrix(self, features: tuple[str, ...]) -> FloatArray:
        """Some features in that order, shape (rows, features)."""
        return self.values[:, [FEATURES.index(name) for name in features]]

    @property
    def is_active(self) -> Mask:
        """Bought in the last active_weeks: who did not has nothing left to churn from."""
        return self.column("orders_active") > 0

    @property
    def can_churn(self) -> Mask:
        """Active customers of whom it is known whether they came back."""
        return self.is_active & ~np.isnan(self.orders_in_churn_window)

    @property
    def has_intent_window(self) -> Mask:
        """Customers of whom it is known what they bought in the intent window."""
        return ~np.isnan(self.orders_in_intent_window)

    @property
    def has_churned(self) -> FloatArray:
        """1 where nothing was bought in the churn window, else 0; of no meaning where :attr:`can_churn` is false."""
        return np.asarray(self.orders_in_churn_window == 0, dtype=np.float64)

    @property
    def has_bought(self) -> FloatArray:
        """1 where something was bought in the intent window, else 0."""
        return np.asarray(self.orders_in_intent_window > 0, dtype=np.float64)

    @property
    def spend(self) -> FloatArray:
        """Revenue in the intent window; more returned than bought counts as nothing spent."""
        return np.maximum(self.revenue_in_intent_window, 0.0)

    def ended_by(self, day: np.datetime64, window_days: int) -> Mask:
        """Rows whose window of so many days was over by a day, so that its end was known then."""
        return np.asarray(self.days + np.timedelta64(window_days, "D") <= day)


def day_of(day: date) -> np.datetime64:
    """A date as NumPy's."""
    return np.datetime64(day, "D")


def doubles(rows: pa.Table | pa.RecordBatch, name: str) -> FloatArray:
    """A column of numbers or of true and false; null is NaN."""
    return np.asarray(pc.cast(rows.column(name), pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
