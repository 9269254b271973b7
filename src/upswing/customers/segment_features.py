"""What a customer is segmented by: features of a snapshot, on scales that can be compared.

Who the customers are (age, gender, income, region, household) takes no part: that only describes the segments found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

DECIMALS = 6

NORMAL_IQR = 1.349
"""Interquartile range of the standard normal distribution: by it, the scale of a normal feature is its deviation."""


@dataclass(frozen=True)
class Feature:
    """How one column of ``int_customer_snapshots`` becomes a feature.

    Attributes:
        name: the column.
        is_style: how the customer buys rather than how much and how often; weighs ``style_weight``, the others 1.
        is_skewed: log(1 + value) is taken.
        is_capped: in days; more than ``cap_days`` say no more, and a missing value is as much.
        unit: values are divided by it.
    """

    name: str
    is_style: bool = False
    is_skewed: bool = False
    is_capped: bool = False
    unit: float = 1.0


FEATURES = (
    # In weeks, so that of those who buy daily a day more does not tell.
    Feature("recency_days", is_skewed=True, is_capped=True, unit=7.0),
    Feature("orders_active", is_skewed=True),
    Feature("revenue_active", is_skewed=True),
    Feature("average_basket", is_skewed=True),
    Feature("mean_days_between_orders", is_skewed=True, is_capped=True),
    # Capped, or every customer would drift out of every segment by growing older.
    Feature("tenure_days", is_style=True, is_skewed=True, is_capped=True),
    Feature("order_trend", is_style=True),
    Feature("promoted_share", is_style=True),
    Feature("weekend_share", is_style=True),
    Feature("online_share", is_style=True),
    Feature("stores_active", is_style=True, is_skewed=True),
    Feature("sessions_active", is_style=True, is_skewed=True),
)

FEATURE_NAMES = tuple(feature.name for feature in FEATURES)

SEGMENT_COLUMNS = ["customer_id", "snapshot_on", "orders", *FEATURE_NAMES]
"""The columns of ``int_customer_snapshots`` that are read."""


@dataclass(frozen=True)
class SnapshotFeatures:
    """Customers on one day, in the order of their ids.

    Attributes:
        customer_ids: shape (customers,).
        has_bought: who bought anything by then.
        values: shape (customers, features) in the order of :data:`FEATURES`; NaN where missing.
    """

    customer_ids: NDArray[Any]
    has_bought: NDArray[np.bool_]
    values: FloatArray

    def __len__(self) -> int:
        return len(self.customer_ids)

    def __getitem__(self, rows: NDArray[Any]) -> SnapshotFeatures:
        return SnapshotFeatures(self.customer_ids[rows], self.has_bought[rows], self.values[rows])

    @classmethod
    def from_arrow(cls, rows: pa.Table, cap_days: int) -> SnapshotFeatures:
        """From rows of one snapshot."""
        rows = rows.sort_by("customer_id")
        ids = np.array(rows["customer_id"].cast(pa.string()).to_pylist(), dtype=object)
        columns = [_feature_values(rows[feature.name], feature, cap_days) for feature in FEATURES]
        has_bought = rows["orders"].to_numpy() > 0
        values = np.round(np.stack(columns, axis=1), DECIMALS).astype(np.float64)
        return cls(ids, has_bought.astype(np.bool_), values)


def _feature_values(column: pa.ChunkedArray, feature: Feature, cap_days: int) -> FloatArray:
    values: FloatArray = column.cast(pa.float64()).to_numpy().astype(np.float64)
    if feature.is_capped:
        values = np.minimum(np.where(np.isnan(values), cap_days, values), cap_days)
    values = values / feature.unit
    return np.log1p(np.maximum(values, 0.0)) if feature.is_skewed else values


def snapshots_of(rows: pa.Table, cap_days: int) -> list[SnapshotFeatures]:
    """The snapshots that ``rows`` hold, from new to old.

    Args:
        rows: of ``int_customer_snapshots``, in any order.
        cap_days: see :class:`Feature`.
    """
    days = sorted(set(rows["snapshot_on"].to_pylist()), reverse=True)
    return [SnapshotFeatures.from_arrow(rows.filter(pc.equal(rows["snapshot_on"], day)), cap_days) for day in days]


@dataclass(frozen=True)
class FeatureSpace:
    """The space that customers are clustered in: median and interquartile range make features comparable.

    Attributes:
        median, scale: of each feature over the customers it was made from.
        weight: of each feature.
        winsor: how many scales from the median a value can lie at most.
    """

    median: FloatArray
    scale: FloatArray
    weight: FloatArray
    winsor: float

    @classmethod
    def fit(cls, values: FloatArray, style_weight: float, winsor: float) -> FeatureSpace:
        """From the features of at least one customer.

        A feature of which the middle half of the customers are alike is scaled by its standard deviation; one in which
        all are alike, or that nobody has, lies at 0.
        """
        median, scale = zip(*(_centre_and_scale(column) for column in values.T), strict=True)
        weight = [style_weight if feature.is_style else 1.0 for feature in FEATURES]
        return cls(np.array(median), np.array(scale), np.array(weight), winsor)

    def points(self, values: FloatArray) -> FloatArray:
        """Coordinates of features; a missing one is taken to be the median, which says nothing."""
        known = np.where(np.isnan(values), self.median, values)
        scaled = np.clip((known - self.median) / self.scale, -self.winsor, self.winsor)
        return np.round(scaled * self.weight, DECIMALS)

    def coordinate(self, feature: int, value: float, cap_days: int) -> float:
        """The coordinate of a value of one feature, in the unit of its column.

        Args:
            feature: place in :data:`FEATURES`.
            value: such as 91 for ``recency_days``.
            cap_days: see :class:`Feature`.
        """
        values = np.full((1, len(FEATURES)), np.nan)
        values[0, feature] = _feature_values(pa.chunked_array([[value]], pa.float64()), FEATURES[feature], cap_days)[0]
        return float(self.points(values)[0, feature])

    def features(self, points: FloatArray) -> FloatArray:
        """Features at some coordinates."""
        return points / self.weight * self.scale + self.median

    def moved_from(self, other: FeatureSpace, points: FloatArray) -> FloatArray:
        """Coordinates here of points in another space of the same features; they may lie outside the bounds."""
        return np.round((other.features(points) - self.median) / self.scale * self.weight, DECIMALS)


def _centre_and_scale(column: FloatArray) -> tuple[float, float]:
    known = column[~np.isnan(column)]
    if not len(known):
        return 0.0, 1.0
    low, median, high = np.quantile(known, [0.25, 0.5, 0.75])
    scale = (high - low) / NORMAL_IQR or float(known.std())
    return round(float(median), DECIMALS), max(round(float(scale), DECIMALS), 0.0) or 1.0


def quantile_grid(points: FloatArray, steps: int = 100) -> FloatArray:
    """Quantiles 0, 1/steps ... 1 of each coordinate, shape (steps + 1, features)."""
    return np.round(np.quantile(points, np.linspace(0, 1, steps + 1), axis=0), DECIMALS)
