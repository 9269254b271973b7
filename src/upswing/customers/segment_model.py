"""The served segments: numbered clusters, the outliers among the customers, and how both are kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from upswing.customers.segment_clusters import (
    NOISE,
    DensityClusters,
    IntArray,
    KMeansClusters,
    centroid_distances,
)
from upswing.customers.segment_features import (
    DECIMALS,
    FEATURE_NAMES,
    FeatureSpace,
    FloatArray,
    SnapshotFeatures,
    quantile_grid,
)
from upswing.customers.segment_parameters import DensityRules
from upswing.tensors import pack, unpack

LEAST_DENSE = 10
"""Among fewer customers there are no dense groups."""

NOT_BOUGHT = 0
"""The segment of those who never bought: there is nothing to cluster them by, and it needs no model to tell them."""


@dataclass(frozen=True)
class SegmentModel:
    """Segments of customers who bought; what is kept is of groups of them, and no row of a customer.

    Attributes:
        clusters: by nearest centroid, in the order of their numbers.
        numbers: of the segments, ascending, from 1 on; a number that once was a segment's is never another's.
        highest_number: the highest that any fit gave.
        density: how the outliers are found among the customers who are scored.
        typical: median coordinates of the customers of each segment, shape (segments, features): by them it is named.
            A mean would not do: of customers who all but a few have been there for long, it says that they are new.
        quantiles: of the coordinates of all customers, as of :func:`quantile_grid`.
        cap_days: see :class:`upswing.customers.segment_features.Feature`.
    """

    clusters: KMeansClusters
    numbers: IntArray
    highest_number: int
    density: DensityRules
    typical: FloatArray
    quantiles: FloatArray
    cap_days: int

    @classmethod
    def numbered(
        cls,
        clusters: KMeansClusters,
        density: DensityRules,
        customers: SnapshotFeatures,
        cap_days: int,
        earlier: SegmentModel | None,
    ) -> SegmentModel:
        """Clusters with their numbers: those of an earlier fit where they are the same segments, else new ones.

        Args:
            clusters: learned on ``customers``.
            density: how outliers are found.
            customers: who bought.
            cap_days: see :class:`upswing.customers.segment_features.Feature`.
            earlier: the model that stands, or None.
        """
        by_value = KMeansClusters(clusters.space, clusters.centroids[value_order(clusters.centroids)])
        numbers, highest = segment_numbers(by_value, earlier)
        order = np.argsort(numbers)
        served = KMeansClusters(clusters.space, by_value.centroids[order])
        points, members = clusters.space.points(customers.values), served.assign(customers.values)
        typical = [
            np.median(points[members == row], axis=0) if np.any(members == row) else centroid
            for row, centroid in enumerate(served.centroids)
        ]
        return cls(
            served,
            numbers[order],
            highest,
            density,
            np.round(np.stack(typical), DECIMALS),
            quantile_grid(points),
            cap_days,
        )

    def distances(self, values: FloatArray) -> FloatArray:
        """Of customers' features to each centroid, shape (customers, segments)."""
        return centroid_distances(self.clusters.space.points(values), self.clusters.centroids)

    def outliers(
        self, customers: SnapshotFeatures
    ) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.bool_]], FloatArray]:
        """Whether customers belong to no dense group among these, and how sparse it is around each of them.

        Of fewer than :data:`LEAST_DENSE` customers nothing is said: nobody is an outlier, the second is NaN.
        """
        if len(customers) < LEAST_DENSE:
            return np.zeros(len(customers), dtype=np.bool_), np.full(len(customers), np.nan)
        dense = DensityClusters.found(customers, self.clusters.space, self.density)
        return np.equal(dense.assign(customers.values), NOISE), dense.outlier_scores(customers.values)

    def to_bytes(self) -> bytes:
        """The model as safetensors."""
        space = self.clusters.space
        arrays = {
            "median": space.median,
            "scale": space.scale,
            "weight": space.weight,
            "centroids": self.clusters.centroids,
            "numbers": self.numbers,
            "typical": self.typical,
            "quantiles": self.quantiles,
        }
        facts = {
            "features": list(FEATURE_NAMES),
            "winsor": space.winsor,
            "highest_number": self.highest_number,
            "density": asdict(self.density),
            "cap_days": self.cap_days,
        }
        return pack(arrays, facts)

    @classmethod
    def from_bytes(cls, blob: bytes) -> SegmentModel:
        """What :meth:`to_bytes` wrote."""
        arrays, facts = unpack(blob)
        space = FeatureSpace(arrays["median"], arrays["scale"], arrays["weight"], float(facts["winsor"]))
        return cls(
            KMeansClusters(space, arrays["centroids"]),
            arrays["numbers"],
            int(facts["highest_number"]),
            DensityRules(**facts.get("density", {})),
            arrays["typical"],
            arrays["quantiles"],
            int(facts["cap_days"]),
        )


def earlier_model(blob: bytes | None) -> SegmentModel | None:
    """The model of an earlier fit; None without one, or where it knew customers by other features."""
    if blob is None or unpack(blob)[1]["features"] != list(FEATURE_NAMES):
        return None
    return SegmentModel.from_bytes(blob)


def value_order(centroids: FloatArray) -> IntArray:
    """Rows of centroids from the highest revenue to the lowest; ties by orders, then by the other features."""
    first = [FEATURE_NAMES.index(name) for name in ("revenue_active", "orders_active")]
    columns = [*first, *(column for column in range(len(FEATURE_NAMES)) if column not in first)]
    return np.lexsort([-centroids[:, column] for column in reversed(columns)]).astype(np.int64)


def segment_numbers(found: KMeansClusters, earlier: SegmentModel | None) -> tuple[IntArray, int]:
    """Number of each cluster, and the highest that was ever given.

    The clusters are matched one to one with those of the earlier fit such that the centroids moved least in all
    (Hungarian algorithm). A cluster keeps the number of its match, unless the centroid moved further than to the
    nearest other of its own time: then it is another segment. New segments are numbered on, in their given order.
    """
    if earlier is None:
        return np.arange(1, len(found.centroids) + 1), len(found.centroids)
    from scipy.optimize import linear_sum_assignment

    before = found.space.moved_from(earlier.clusters.space, earlier.clusters.centroids)
    moved = centroid_distances(before, found.centroids)
    apart = centroid_distances(before, before)
    np.fill_diagonal(apart, np.inf)
    numbers = np.zeros(len(found.centroids), dtype=np.int64)
    for old, new in zip(*linear_sum_assignment(moved), strict=True):
        if moved[old, new] < apart[old].min():
            numbers[new] = earlier.numbers[old]
    unnumbered = np.flatnonzero(numbers == 0)
    numbers[unnumbered] = earlier.highest_number + 1 + np.arange(len(unnumbered))
    return numbers, max(earlier.highest_number, int(numbers.max()))
