"""The clusterings: k-means, that is served; HDBSCAN, that finds the outliers; and a manager's RFM scores.

Each learns from the features of customers and returns what assigns features to clusters, -1 for noise.

Sources: k-means++ (Arthur and Vassilvitskii, 2007), silhouette (Rousseeuw, 1987), HDBSCAN (Campello, Moulavi and
Sander, 2013); RFM scores by quintile (Hughes, 1994).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.customers.segment_features import DECIMALS, FEATURE_NAMES, FeatureSpace, FloatArray, SnapshotFeatures
from upswing.customers.segment_parameters import DensityRules, SegmentParameters
from upswing.splits import lowest_hashes

IntArray = NDArray[np.int64]

Assign = Callable[[FloatArray], IntArray]

NOISE = -1

ROWS_AT_ONCE = 100_000

RFM_FEATURES = (("recency_days", -1), ("orders_active", 1), ("revenue_active", 1))

RFM_SCORES = 5


def centroid_distances(points: FloatArray, centroids: FloatArray) -> FloatArray:
    """Euclidean distances, shape (points, centroids)."""
    found = np.empty((len(points), len(centroids)))
    for start in range(0, len(points), ROWS_AT_ONCE):
        part = points[start : start + ROWS_AT_ONCE]
        for number, centroid in enumerate(centroids):
            found[start : start + ROWS_AT_ONCE, number] = np.sqrt(((part - centroid) ** 2).sum(axis=1))
    return np.round(found, DECIMALS)


def silhouette(points: FloatArray, labels: IntArray) -> float:
    """Mean silhouette from -1 to 1, noise counted as one cluster; NaN where there are fewer than two clusters."""
    from sklearn.metrics import silhouette_score

    clusters = len(np.unique(labels))
    return float(silhouette_score(points, labels)) if 2 <= clusters < len(labels) else float("nan")


@dataclass(frozen=True)
class KMeansClusters:
    """Clusters by nearest centroid.

    Attributes:
        space: that the centroids lie in.
        centroids: shape (clusters, features).
    """

    space: FeatureSpace
    centroids: FloatArray

    @classmethod
    def fit(cls, customers: SnapshotFeatures, parameters: SegmentParameters) -> KMeansClusters | None:
        """The clustering with the best silhouette within the bounds; among equally good ones, with fewest clusters.

        None where there are too few customers, too few that differ, or always a cluster of fewer than
        ``least_customers``.
        """
        from sklearn.cluster import KMeans

        space = FeatureSpace.fit(customers.values, parameters.style_weight, parameters.winsor)
        points = space.points(customers.values)
        most = min(len(np.unique(points, axis=0)), len(customers) // parameters.customers_per_segment)
        judged = lowest_hashes(customers.customer_ids, parameters.density_customers, "silhouette")
        best, best_silhouette = None, -np.inf
        for clusters in range(parameters.min_segments, min(most, parameters.max_segments) + 1):
            found = KMeans(clusters, n_init=parameters.restarts, random_state=parameters.seed).fit(points)
            if np.bincount(found.labels_).min() < parameters.least_customers:
                continue
            reached = np.nan_to_num(silhouette(points[judged], found.labels_[judged]), nan=-1.0)
            if round(reached, DECIMALS) > best_silhouette:
                best, best_silhouette = found, round(reached, DECIMALS)
        return None if best is None else cls(space, np.round(best.cluster_centers_.astype(np.float64), DECIMALS))

    def assign(self, values: FloatArray) -> IntArray:
        """Cluster of each customer's features; among equally near centroids, the first."""
        return np.asarray(centroid_distances(self.space.points(values), self.centroids).argmin(axis=1), dtype=np.int64)


@dataclass(frozen=True)
class DensityClusters:
    """Clusters of HDBSCAN's; who did not take part in finding them is in the cluster of the nearest who did.

    They hold a row of each customer who took part. So no fit keeps them: they are found among those who are there now.

    Attributes:
        space: that the points lie in.
        points: of the customers who took part, shape (customers, features).
        labels: their clusters, -1 for noise.
        neighbours: that the density was taken from.
    """

    space: FeatureSpace
    points: FloatArray
    labels: IntArray
    neighbours: int

    @classmethod
    def fit(cls, customers: SnapshotFeatures, parameters: SegmentParameters) -> DensityClusters:
        """Find them in a space of these customers' own."""
        space = FeatureSpace.fit(customers.values, parameters.style_weight, parameters.winsor)
        return cls.found(customers, space, parameters.density)

    @classmethod
    def found(cls, customers: SnapshotFeatures, space: FeatureSpace, rules: DensityRules) -> DensityClusters:
        """Find them in a space.

        Args:
            customers: who bought, at least two.
            space: of a fit.
            rules: how.
        """
        from sklearn.cluster import HDBSCAN

        chosen = lowest_hashes(customers.customer_ids, rules.customers, "density")
        points = space.points(customers.values[chosen])
        neighbours = min(rules.neighbours, len(points))
        least = max(2, neighbours, round(rules.cluster_share * len(points)))
        found = HDBSCAN(min_cluster_size=least, min_samples=neighbours, copy=True).fit(points)
        return cls(space, points, found.labels_.astype(np.int64), neighbours)

    def assign(self, values: FloatArray) -> IntArray:
        """Cluster of each customer's features."""
        return np.asarray(self.labels[self._tree().query(self.space.points(values))[1]], dtype=np.int64)

    def outlier_scores(self, values: FloatArray) -> FloatArray:
        """How sparse it is around each customer: distance to the k-th nearest, over the median of who took part."""
        tree = self._tree()
        usual = float(np.median(self._reach(tree, self.points)))
        return np.round(self._reach(tree, self.space.points(values)) / (usual or 1.0), DECIMALS)

    def _reach(self, tree: Any, points: FloatArray) -> FloatArray:
        return np.asarray(tree.query(points, k=[self.neighbours])[0][:, 0], dtype=np.float64)

    def _tree(self) -> Any:
        from scipy.spatial import KDTree

        return KDTree(self.points)


def rfm_clusters(customers: SnapshotFeatures, groups: int) -> Assign:
    """The segments of a manager without a model: recency, frequency and revenue scored by quintile and added up.

    Args:
        customers: whose quintiles count.
        groups: the sums, from 3 to 15, are cut in so many ranges.
    """
    columns = [(FEATURE_NAMES.index(name), sign) for name, sign in RFM_FEATURES]
    cuts = np.linspace(0, 1, RFM_SCORES + 1)[1:-1]
    edges = [np.quantile(sign * customers.values[:, column], cuts) for column, sign in columns]
    sums = len(columns) * (RFM_SCORES - 1) + 1

    def assign(values: FloatArray) -> IntArray:
        scores = [
            np.searchsorted(edge, sign * values[:, column], side="left")
            for (column, sign), edge in zip(columns, edges, strict=True)
        ]
        return np.asarray(np.sum(scores, axis=0) * groups // sums, dtype=np.int64)

    return assign
